// SPDX-License-Identifier: Apache-2.0
// Kafka's own Java client as a driver; see ../python/driver.py for what it reads and writes.
//
//   java -cp "$(tests/support/kafka/fetch)/*" Driver.java BOOTSTRAP

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.TopicPartitionInfo;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.utils.AppInfoParser;

public class Driver {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration CONSUME = Duration.ofSeconds(10);
    private static final Duration POLL = Duration.ofMillis(50);
    private static String bootstrap;
    private static Admin admin;
    private static final Map<String, Member> MEMBERS = new HashMap<>();

    public static void main(String[] args) throws Exception {
        bootstrap = args[0];
        admin = Admin.create(properties());
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            ObjectNode answer = JSON.createObjectNode();
            try {
                answer(JSON.readTree(line), answer);
            } catch (Exception e) {
                Throwable cause = e instanceof ExecutionException ? e.getCause() : e;
                Errors error = Errors.forException(cause);
                answer.removeAll();
                answer.put("error", cause.toString());
                answer.put("code", error == Errors.UNKNOWN_SERVER_ERROR ? null : Integer.valueOf(error.code()));
            }
            out.println(answer);
        }
        System.exit(0);
    }

    private static void answer(JsonNode in, ObjectNode out) throws Exception {
        String topic = in.path("topic").asText();
        String group = in.path("group").asText();
        TopicPartition place = new TopicPartition(topic, in.path("partition").asInt());
        switch (in.get("op").asText()) {
            case "info": out.put("client", "kafka-clients " + AppInfoParser.getVersion()); break;
            case "create":
                admin.createTopics(List.of(new NewTopic(topic, in.get("partitions").asInt(), (short) 1))).all().get();
                break;
            case "delete": admin.deleteTopics(List.of(topic)).all().get(); break;
            case "topics": new TreeSet<>(admin.listTopics().names().get()).forEach(out.putArray("topics")::add); break;
            case "describe": describe(topic, out); break;
            case "produce": produce(topic, in, out); break;
            case "consume": consume(place, in.get("offset").asLong(), in.get("count").asInt(), out.putArray("records")); break;
            case "times": times(place, in.get("times"), out.putArray("offsets")); break;
            case "join": MEMBERS.put(in.get("member").asText(), new Member(group, topic)); break;
            case "state": MEMBERS.get(in.get("member").asText()).state(out); break;
            case "commit": MEMBERS.get(in.get("member").asText()).run(true); break;
            case "leave": MEMBERS.remove(in.get("member").asText()).run(false); break;
            case "committed": {
                Map<TopicPartition, OffsetAndMetadata> offsets = admin.listConsumerGroupOffsets(group)
                    .partitionsToOffsetAndMetadata().get();
                ArrayNode found = out.putArray("offsets");
                for (JsonNode partition : in.get("partitions")) {
                    OffsetAndMetadata offset = offsets.get(new TopicPartition(topic, partition.asInt()));
                    found.add(offset == null ? null : Long.valueOf(offset.offset()));
                }
                break;
            }
            case "groups": {
                TreeSet<String> names = new TreeSet<>();
                admin.listGroups().all().get().forEach(g -> names.add(g.groupId()));
                names.forEach(out.putArray("groups")::add);
                break;
            }
            case "group": {
                ConsumerGroupDescription found = admin.describeConsumerGroups(List.of(group)).all().get().get(group);
                out.put("state", found.groupState().toString()).put("members", found.members().size());
                break;
            }
            default: throw new IllegalArgumentException(in.get("op").asText());
        }
    }

    private static Properties properties(Object... more) {
        Properties result = new Properties();
        result.put("bootstrap.servers", bootstrap);
        result.put("reconnect.backoff.ms", 20);
        result.put("reconnect.backoff.max.ms", 200);
        result.put("retry.backoff.ms", 50);
        for (int i = 0; i < more.length; i += 2) {
            result.put(more[i], more[i + 1]);
        }
        return result;
    }

    private static KafkaConsumer<byte[], byte[]> consumer(Object... more) {
        return new KafkaConsumer<>(properties(more), new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    private static void describe(String topic, ObjectNode out) throws Exception {
        ArrayNode partitions = out.putArray("partitions");
        for (TopicPartitionInfo p : admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic).partitions()) {
            partitions.addArray().add(p.partition()).add(p.leader().id());
        }
        ArrayNode brokers = out.putArray("brokers");
        for (Node node : admin.describeCluster().nodes().get()) {
            brokers.addArray().add(node.id()).add(node.host()).add(node.port());
        }
    }

    private static void produce(String topic, JsonNode in, ObjectNode out) throws Exception {
        boolean idempotent = in.get("idempotent").asBoolean();
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(
                 properties("compression.type", in.get("codec").asText(), "enable.idempotence", idempotent, "linger.ms", 5,
                     "max.request.size", 2_000_000, "batch.size", 100_000),
                 new ByteArraySerializer(), new ByteArraySerializer())) {
            for (JsonNode r : in.get("records")) {
                List<Header> headers = new ArrayList<>();
                for (JsonNode h : r.get(4)) {
                    headers.add(new RecordHeader(h.get(0).asText(), bytes(h.get(1))));
                }
                Long timestamp = r.get(1).isNull() ? null : r.get(1).asLong();
                sent.add(producer.send(
                    new ProducerRecord<>(topic, r.get(0).asInt(), timestamp, bytes(r.get(2)), bytes(r.get(3)), headers)));
            }
            producer.flush();
        }
        ArrayNode offsets = out.putArray("offsets");
        for (Future<RecordMetadata> one : sent) {
            offsets.add(one.get().offset());
        }
    }

    private static void consume(TopicPartition place, long offset, int count, ArrayNode out) {
        try (KafkaConsumer<byte[], byte[]> consumer = consumer("check.crcs", true)) {
            consumer.assign(List.of(place));
            consumer.seek(place, offset);
            long end = System.nanoTime() + CONSUME.toNanos();
            while (out.size() < count && System.nanoTime() < end) {
                consumer.poll(Duration.ofMillis(500)).forEach(r -> out.add(read(r)));
            }
        }
    }

    private static void times(TopicPartition place, JsonNode times, ArrayNode out) {
        try (KafkaConsumer<byte[], byte[]> consumer = consumer()) {
            for (JsonNode when : times) {
                if (when.asLong() == -1) {
                    out.add(consumer.endOffsets(List.of(place)).get(place));
                } else if (when.asLong() == -2) {
                    out.add(consumer.beginningOffsets(List.of(place)).get(place));
                } else {
                    OffsetAndTimestamp found = consumer.offsetsForTimes(Map.of(place, when.asLong())).get(place);
                    out.add(found == null ? null : Long.valueOf(found.offset()));
                }
            }
        }
    }

    private static byte[] bytes(JsonNode node) {
        return node.isNull() ? null : Base64.getDecoder().decode(node.asText());
    }

    private static String text(byte[] bytes) {
        return bytes == null ? null : Base64.getEncoder().encodeToString(bytes);
    }

    private static ArrayNode read(ConsumerRecord<byte[], byte[]> r) {
        ArrayNode result = JSON.createArrayNode().add(r.partition()).add(r.offset()).add(r.timestamp()).add(text(r.key()))
            .add(text(r.value()));
        ArrayNode headers = result.addArray();
        for (Header h : r.headers()) {
            headers.addArray().add(h.key()).add(text(h.value()));
        }
        return result;
    }

    /** A consumer of a group on a thread of its own. */
    private static final class Member implements Runnable {
        private final String group;
        private final String topic;
        private final BlockingQueue<FutureTask<Boolean>> todo = new LinkedBlockingQueue<>();
        private final ArrayNode records = JSON.createArrayNode();
        private final TreeSet<Integer> assigned = new TreeSet<>();
        private KafkaConsumer<byte[], byte[]> consumer;
        private Long firstMs;
        private Exception fault;

        Member(String group, String topic) {
            this.group = group;
            this.topic = topic;
            Thread thread = new Thread(this);
            thread.setDaemon(true);
            thread.start();
        }

        @Override
        public void run() {
            long begin = System.nanoTime();
            try (KafkaConsumer<byte[], byte[]> made = consumer("group.id", group, "auto.offset.reset", "earliest",
                     "enable.auto.commit", false, "session.timeout.ms", 6000, "heartbeat.interval.ms", 200)) {
                consumer = made;
                consumer.subscribe(List.of(topic));
                boolean goesOn = true;
                while (goesOn) {
                    FutureTask<Boolean> task = todo.poll();
                    if (task != null) {
                        task.run();
                        goesOn = task.get();
                        continue;
                    }
                    ConsumerRecords<byte[], byte[]> found = consumer.poll(POLL);
                    synchronized (this) {
                        found.forEach(r -> records.add(read(r)));
                        if (firstMs == null && !found.isEmpty()) {
                            firstMs = (System.nanoTime() - begin) / 1_000_000;
                        }
                        assigned.clear();
                        consumer.assignment().forEach(p -> assigned.add(p.partition()));
                    }
                }
            } catch (Exception e) {
                synchronized (this) {
                    fault = e;
                }
            }
        }

        synchronized void state(ObjectNode out) throws Exception {
            if (fault != null) {
                throw fault;
            }
            assigned.forEach(out.putArray("assigned")::add);
            out.putArray("records").addAll(records);
            out.put("first_ms", firstMs);
        }

        /** Commits, or closes the consumer. */
        void run(boolean commits) throws Exception {
            FutureTask<Boolean> task = new FutureTask<>(() -> {
                if (commits) {
                    consumer.commitSync();
                } else {
                    consumer.close();
                }
                return commits;
            });
            todo.add(task);
            task.get();
        }
    }
}
