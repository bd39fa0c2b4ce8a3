# SPDX-License-Identifier: Apache-2.0
"""What tests/bench/run measures of `kseg serve`: the same clients against it, Apache Kafka, franz-go's kfake and librdkafka's mock
cluster, in one run, and against a floor: what sockets, a file and checksums cost by themselves. Of the two clients bench_client
does so little that a broker is measured; librdkafka is a real one, and often what it waits for is itself."""
import contextlib
import os
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

    def cpu_s(self):
        """Processor time that it has taken."""
        fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

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
def other_server(command):
    """One that prints its address and ends with its input."""
    begin = time.perf_counter()
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
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


OURS, DURABLE, KAFKA, FLUSHED = "kseg", "kseg --sync always", "Kafka", "Kafka flush.messages=1"
PAIRS = ((OURS, KAFKA), (OURS, "kfake"), (OURS, "mock"), (OURS, "floor"), (DURABLE, FLUSHED))


class ServeBench:
    """The part of Bench (tests/bench/run) that is about the broker."""

    def fetched(self, name):
        done = subprocess.run([SUPPORT / "clients" / "fetch", name], capture_output=True, text=True, check=True)
        return done.stdout.splitlines()

    def serve_load(self, *words):
        done = subprocess.run([*map(str, words)], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise SystemExit(f"failed: {' '.join(map(str, words))}: {done.stderr[-500:]}")
        return [float(line) for line in done.stdout.split()]

    def librdkafka(self, *words):
        return self.serve_load(self.python, LOAD, *words)

    def bare(self, *words):
        return self.serve_load(self.build / "tests/bench/bench_client", *words)

    @contextlib.contextmanager
    def servers(self):
        """All of them, running at once; only one works at a time."""
        self.python = self.fetched("confluent")[0]
        folder = self.fresh("serve")
        for name in ("kseg", "durable", "kafka"):
            (folder / name).mkdir()
        with contextlib.ExitStack() as stack:
            kafka = stack.enter_context(kafka_server(folder / "kafka"))
            yield {OURS: stack.enter_context(kseg_server(self.kseg, folder / "kseg")),
                   DURABLE: stack.enter_context(kseg_server(self.kseg, folder / "durable", "--data", folder / "durable" / "data",
                                                            "--sync", "always")),
                   KAFKA: kafka, FLUSHED: kafka,
                   "kfake": stack.enter_context(other_server(self.fetched("kfake"))),
                   "mock": stack.enter_context(other_server([self.python, LOAD, "mock"]))}
        shutil.rmtree(folder)

    def serve_rows(self, what, measured, goals, unit, better_is_less=False, cpu=None):
        """measured: for each server the figures of the rounds. Ours against others, as a ratio that is better when large.
        cpu: as measured, processor seconds of the server for each GB. Of several figures the first was for warming up."""
        def worth(figures):
            return {name: found[1:] if len(found) > 1 else found for name, found in figures.items()}

        measured, cpu = worth(measured), worth(cpu or {})
        for ours, theirs in PAIRS:
            if ours not in measured or theirs not in measured:
                continue
            pairs = list(zip(measured[ours], measured[theirs]))
            ratios = [b / a for a, b in pairs] if better_is_less else [a / b for a, b in pairs]
            note = f"{statistics.median(measured[ours]):.3g} to {statistics.median(measured[theirs]):.3g} {unit}"
            if cpu:
                note += f"; CPU {statistics.median(cpu[ours]):.2f} to {statistics.median(cpu[theirs]):.2f} s/GB"
            self.row(f"{what}, {ours} / {theirs}", ratios, goals.get(theirs, "-"), note)

    def bench_serve_start(self):
        """From the start of the process to the address, and memory then; the mock's is of a Python that holds it."""
        ready, memory = {}, {}
        for _ in range(min(self.options.rounds, 3) + 1):
            with self.servers() as servers:
                for name, server in servers.items():
                    name = KAFKA if name == FLUSHED else name
                    ready.setdefault(name, []).append(1000 * server.ready_s)
                    memory.setdefault(name, []).append(server.memory_mib())
        self.serve_rows("serve, ready", ready, {KAFKA: ">= 10"}, "ms", better_is_less=True)
        self.serve_rows("serve, idle memory", memory, {KAFKA: ">= 10"}, "MiB", better_is_less=True)

    def serve_rounds(self, servers, what):
        """Topics to measure with, of every server in turn, and one round more for warming up. A topic is gone afterwards: some
        brokers keep all in memory."""
        for i in range(min(self.options.rounds, 3) + 1):
            for name, server in servers.items():
                topic = f"{what}-{i}-{'flushed' if name == FLUSHED else 'plain'}".replace(" ", "-")
                if name == FLUSHED:
                    self.bare("create", server.address, topic, "flush.messages", 1)
                yield name, server, topic
                if name != "mock":
                    self.bare("delete", server.address, topic)

    def bench_serve_bare(self):
        """The broker: batches that are ready made, answers of which only the CRCs are looked at."""
        with self.servers() as servers, other_server([self.build / "tests/bench/bench_floor", self.data]) as floor:
            servers["floor"] = floor
            for size, count, batch in ((1024, 400_000, 1_000_000), (1024, 200_000, 16_384), (100, 2_000_000, 1_000_000),
                                       (100, 1_000_000, 16_384)):
                count //= self.scale
                gb, made, read, made_cpu, read_cpu = count * size / 1e9, {}, {}, {}, {}
                what = f"{size} B in {batch >> 10} KiB"
                for name, server, topic in self.serve_rounds(servers, f"bare {size} {batch}"):
                    cpu = server.cpu_s()
                    seconds, = self.bare("produce", server.address, topic, count, size, batch, 1, 5)
                    made.setdefault(name, []).append(1000 * gb / seconds)
                    made_cpu.setdefault(name, []).append((server.cpu_s() - cpu) / gb)
                    if name not in (OURS, KAFKA, "kfake"):  # the mock has forgotten most; the others read as these do
                        continue
                    cpu = server.cpu_s()
                    seconds, = self.bare("consume", server.address, topic, count)
                    read.setdefault(name, []).append(1000 * gb / seconds)
                    read_cpu.setdefault(name, []).append((server.cpu_s() - cpu) / gb)
                self.serve_rows(f"bare produce {what}", made, {KAFKA: ">= 1.5", "mock": ">= 1", FLUSHED: ">= 2"}, "MB/s", cpu=made_cpu)
                self.serve_rows(f"bare consume {what}", read, {KAFKA: ">= 2"}, "MB/s", cpu=read_cpu)
            figures = ("acknowledged, median", "acknowledged, 99 %", "at a consumer, median", "at a consumer, 99 %")
            waits = [{} for _ in figures]
            for name, server, topic in self.serve_rounds({n: s for n, s in servers.items() if n not in ("mock", "floor")}, "bare latency"):
                for found, value in zip(waits, self.bare("latency", server.address, topic, 1000 // self.scale)):
                    found.setdefault(name, []).append(value)
            for figure, found in zip(figures, waits):
                self.serve_rows(f"bare, {figure}", found, {}, "ms", better_is_less=True)

    def bench_serve(self):
        """What a real client gets."""
        with self.servers() as servers:
            for size, count in ((1024, 400_000), (100, 1_000_000)):
                for codec in ("none", "lz4", "zstd"):
                    for acks in ("1", "all"):
                        self.serve_throughput(servers, size, count // self.scale, codec, acks)
            waits, slow, firsts = {}, {}, {}  # few messages: the mock takes half a second for each
            for name, server, topic in self.serve_rounds(servers, "latency"):
                median, most = self.librdkafka("latency", server.address, topic, 50)
                waits.setdefault(name, []).append(median)
                slow.setdefault(name, []).append(most)
                first, = self.librdkafka("group", server.address, topic)
                firsts.setdefault(name, []).append(first)
            self.serve_rows("serve, message to consumer, median", waits, {}, "ms", better_is_less=True)
            self.serve_rows("serve, message to consumer, 99 %", slow, {}, "ms", better_is_less=True)
            self.serve_rows("serve, first of a group", firsts, {}, "ms", better_is_less=True)
            memory = {name: [server.memory_mib()] for name, server in servers.items()}
            self.serve_rows("serve, memory afterwards", memory, {}, "MiB", better_is_less=True)

    def serve_throughput(self, servers, size, count, codec, acks):
        produced, consumed = {}, {}
        for name, server, topic in self.serve_rounds(servers, f"t {size} {codec} {acks}"):
            seconds, = self.librdkafka("produce", server.address, topic, count, size, codec, acks)
            produced.setdefault(name, []).append(count / seconds / 1000)
            if acks == "1" and name in (OURS, KAFKA, "kfake"):
                seconds, = self.librdkafka("consume", server.address, topic, count)
                consumed.setdefault(name, []).append(count / seconds / 1000)
        self.serve_rows(f"serve, produce {size} {codec} acks={acks}", produced, {KAFKA: ">= 1", FLUSHED: ">= 2"}, "thousand/s")
        self.serve_rows(f"serve, consume {size} {codec}", consumed, {KAFKA: ">= 1"}, "thousand/s")
