# SPDX-License-Identifier: Apache-2.0
"""`kseg serve --store` under SIGKILL while clients produce and the store fails now and then: what was acknowledged is there,
once and in order, and the store holds one archive of each segment and nothing else.

KSEG_KILL_CYCLES sets the number of cycles (6), KSEG_KILL_SEED the seed, which is printed.
"""

import os
import pathlib
import random
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import fault_proxy  # noqa: E402
import kafka_clients  # noqa: E402
import kseg_cli as k  # noqa: E402
import raw_kafka as raw  # noqa: E402
import s3_servers  # noqa: E402
import store_load  # noqa: E402
import tiers  # noqa: E402

CYCLES = int(os.environ.get("KSEG_KILL_CYCLES", "6"))
SEED = int(os.environ.get("KSEG_KILL_SEED", str(random.SystemRandom().randrange(1 << 32))))
LONGEST_S = 1.5


class Kill(k.ScratchCase):
    def run_cycles(self, broker, url, environment=None, between=None):
        print(f"{CYCLES} cycles, KSEG_KILL_SEED={SEED}")
        chosen = random.Random(SEED)
        self.addCleanup(broker.kill)
        broker.start()
        producers = [store_load.Producer(broker.address, topic, SEED + i) for i, topic in enumerate(("a", "b", "c"))]
        for producer in producers:
            producer.start()
        for _ in range(CYCLES):
            time.sleep(chosen.uniform(0.1, LONGEST_S))
            broker.kill()
            broker.start()
        time.sleep(1)
        for producer in producers:
            producer.end()
        if between:
            between()
        # One that has nothing else to do carries away all that is sealed.
        broker.stop()
        broker.start()
        client = raw.Client(broker.address)
        self.addCleanup(client.close)
        ends = {}
        for producer in producers:
            tiers.wait_until_archived(broker.data, producer.topic)
            store_load.check_acknowledged(store_load.read_all(client, producer.topic), producer)
            ends[producer.topic], = tiers.local_bases(broker.data, producer.topic)
            self.assertGreater(ends[producer.topic], 0, "nothing was archived")
        broker.stop()
        archives = store_load.check_store(url, environment)
        for topic, end in ends.items():
            store_load.check_archives(archives, topic, end)
        self.assertEqual({a["topic"] for a in archives}, set(ends))
        print(f"{sum(len(p.acknowledged) for p in producers)} records, {len(archives)} archives")

    def options(self, url):
        return ["--topic", "a", "--topic", "b", "--topic", "c", "--segment-bytes", "60K", "--sync", "interval:5", "--store", url]

    def test_a_directory_that_comes_and_goes(self):
        outages = store_load.Outages(self.dir / "store", self.dir / "really", SEED)
        outages.start()
        self.addCleanup(outages.end)
        url = str(self.dir / "store")
        self.run_cycles(kafka_clients.Broker(self.dir, *self.options(url)), url, between=outages.end)

    def test_a_bucket(self):
        with s3_servers.moto(self.dir / "moto.log") as (server, _), fault_proxy.Proxy(server.endpoint) as proxy:
            os.environ.update(server.environment())
            url = f"s3://{s3_servers.BUCKET}/prod"
            proxy.whims = fault_proxy.Whims(SEED)

            def calm():
                proxy.whims = None

            self.run_cycles(kafka_clients.Broker(self.dir, *self.options(url), "--s3-endpoint", proxy.endpoint), url,
                            server.environment(AWS_ENDPOINT_URL=server.endpoint), between=calm)
            faults = {kind: sum(count for (_, done), count in proxy.seen.items() if done == kind) for _, kind in proxy.seen}
            print(f"requests by what was done to them: {faults}")
            self.assertGreater(len(faults), 5, "hardly anything failed")


if __name__ == "__main__":
    k.main()
