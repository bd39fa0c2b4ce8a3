# SPDX-License-Identifier: Apache-2.0
"""What tests/bench/run measures of `kseg serve`: one client, librdkafka, against it, Apache Kafka and librdkafka's own mock cluster."""
import contextlib
import pathlib
import shutil
import statistics
import subprocess
import time

SUPPORT = pathlib.Path(__file__).resolve().parent.parent / "support"
LOAD = pathlib.Path(__file__).resolve().parent / "serve_load.py"
START_TIMEOUT_S = 30


class Server:
    """A broker that runs: its address, seconds from its start until that was known, its process."""

    def __init__(self, address, ready_s, pid):
        self.address, self.ready_s, self.pid = address, ready_s, pid

    def memory_mib(self):
        """What it has in memory that is not a file's."""
        for line in pathlib.Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("RssAnon"):
                return int(line.split()[1]) / 1024
        return 0.0


@contextlib.contextmanager
def kseg_server(kseg, folder, *options):
    port = folder / "port"
    begin = time.perf_counter()
    process = subprocess.Popen([kseg, "serve", "--listen", "127.0.0.1:0", "--port-file", port, *options], stdout=subprocess.DEVNULL)
    try:
        while not port.exists():
            if time.perf_counter() > begin + START_TIMEOUT_S or process.poll() is not None:
                raise SystemExit("kseg serve does not start")
            time.sleep(0.0005)
        yield Server(port.read_text().strip(), time.perf_counter() - begin, process.pid)
    finally:
        process.terminate()
        process.wait()


@contextlib.contextmanager
def mock_server(python):
    begin = time.perf_counter()
    process = subprocess.Popen([python, LOAD, "mock"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield Server(process.stdout.readline().strip(), time.perf_counter() - begin, process.pid)
    finally:
        process.stdin.close()
        process.wait()
        process.stdout.close()


@contextlib.contextmanager
def kafka_server(folder):
    """Formatted already, as it is at every start but the first."""
    broker = SUPPORT / "kafka" / "broker"

    def ask(what):
        return subprocess.run([broker, what, folder], capture_output=True, text=True, check=True).stdout.strip()

    try:
        ask("start")
        ask("stop")
        begin = time.perf_counter()
        address = ask("start")
        yield Server(address, time.perf_counter() - begin, int((folder / "pid").read_text()))
    finally:
        ask("stop")


class ServeBench:
    """The part of Bench (tests/bench/run) that is about the broker."""

    def serve_client(self):
        done = subprocess.run([SUPPORT / "clients" / "fetch", "confluent"], capture_output=True, text=True, check=True)
        return done.stdout.split()[0]

    def serve_load(self, *words):
        done = subprocess.run([self.python, LOAD, *map(str, words)], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise SystemExit(f"failed: {' '.join(map(str, words))}: {done.stderr[-500:]}")
        return [float(line) for line in done.stdout.split()]

    @contextlib.contextmanager
    def servers(self):
        """All of them, running at once; only one works at a time."""
        self.python = self.serve_client()
        folder = self.fresh("serve")
        for name in ("kseg", "durable", "kafka"):
            (folder / name).mkdir()
        with contextlib.ExitStack() as stack:
            yield {"kseg": stack.enter_context(kseg_server(self.kseg, folder / "kseg")),
                   "kseg --sync always": stack.enter_context(kseg_server(self.kseg, folder / "durable", "--data",
                                                                         folder / "durable" / "data", "--sync", "always")),
                   "mock": stack.enter_context(mock_server(self.python)),
                   "Kafka": stack.enter_context(kafka_server(folder / "kafka"))}
        shutil.rmtree(folder)

    def serve_rows(self, what, measured, goals, unit, better_is_less=False):
        """measured: for each server the figures of the rounds. Every kseg against every other, as a ratio that is better when large."""
        for ours in ("kseg", "kseg --sync always"):
            for theirs in ("Kafka", "mock"):
                if not measured.get(ours) or not measured.get(theirs):
                    continue
                pairs = list(zip(measured[ours], measured[theirs]))
                ratios = [b / a for a, b in pairs] if better_is_less else [a / b for a, b in pairs]
                note = f"{statistics.median(measured[ours]):.3g} to {statistics.median(measured[theirs]):.3g} {unit}"
                self.row(f"{what}, {ours} / {theirs}", ratios, goals.get(theirs, "-"), note)

    def bench_serve_start(self):
        """From the start of the process to the address, and memory then; the mock's is of a Python that holds it."""
        self.python = self.serve_client()
        ready, memory = {}, {}
        for _ in range(min(self.options.rounds, 3)):
            with self.servers() as servers:
                for name, server in servers.items():
                    ready.setdefault(name, []).append(1000 * server.ready_s)
                    memory.setdefault(name, []).append(server.memory_mib())
        self.serve_rows("serve, ready", ready, {"Kafka": ">= 10"}, "ms", better_is_less=True)
        self.serve_rows("serve, idle memory", memory, {"Kafka": ">= 10"}, "MiB", better_is_less=True)

    def bench_serve(self):
        rounds = min(self.options.rounds, 3)
        with self.servers() as servers:
            for size, count in ((1024, 400_000), (100, 1_000_000)):
                for codec in ("none", "lz4", "zstd"):
                    for acks in ("1", "all"):
                        self.serve_throughput(servers, rounds, size, count // self.scale, codec, acks)
            waits, firsts = {}, {}  # few messages: the mock takes half a second for each
            for i in range(rounds + 1):
                for name, server in servers.items():
                    topic = f"latency-{i}"
                    median, _ = self.serve_load("latency", server.address, topic, 50)
                    first, = self.serve_load("group", server.address, topic)
                    if i:
                        waits.setdefault(name, []).append(median)
                        firsts.setdefault(name, []).append(first)
            self.serve_rows("serve, message to consumer", waits, {}, "ms", better_is_less=True)
            self.serve_rows("serve, first of a group", firsts, {}, "ms", better_is_less=True)
            memory = {name: [server.memory_mib()] for name, server in servers.items()}
            self.serve_rows("serve, memory afterwards", memory, {}, "MiB", better_is_less=True)

    def serve_throughput(self, servers, rounds, size, count, codec, acks):
        # The mock keeps few megabytes of a partition: what it forgot cannot be consumed.
        produced, consumed = {}, {}
        for i in range(rounds + 1):
            for name, server in servers.items():
                topic = f"t-{size}-{codec}-{acks}-{i}"
                seconds, = self.serve_load("produce", server.address, topic, count, size, codec, acks)
                if i:
                    produced.setdefault(name, []).append(count / seconds / 1000)
                if acks == "1" and name != "mock":
                    seconds, = self.serve_load("consume", server.address, topic, count)
                    if i:
                        consumed.setdefault(name, []).append(count / seconds / 1000)
        self.serve_rows(f"serve, produce {size} {codec} acks={acks}", produced, {"Kafka": ">= 1"}, "thousand/s")
        self.serve_rows(f"serve, consume {size} {codec}", consumed, {"Kafka": ">= 1"}, "thousand/s")
