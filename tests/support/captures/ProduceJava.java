// SPDX-License-Identifier: Apache-2.0
// Produces a plan with the Java client.
//
//   java -cp ... ProduceJava BOOTSTRAP TOPIC CODEC create|log_append <plan.jsonl >sent.jsonl
//
// Creates the topic with that timestamp type. Prints each line of the plan again with the offset and the timestamp that
// the broker acknowledged; for the end of a transaction, the offset of its marker. A plan with ends makes each producer
// transactional, but for the one named "plain".

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArraySerializer;

public class ProduceJava {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int LINGER_MS = 60_000;  // longer than a run: only flush() ends a batch
    private static final int BATCH_BYTES = 64 * 1024;
    private static final int TIMEOUT_SECONDS = 30;

    private final String bootstrap;
    private final TopicPartition partition;
    private final String codec;
    private final Admin admin;
    private final Map<String, KafkaProducer<byte[], byte[]>> producers = new HashMap<>();
    private final Set<String> inTransaction = new HashSet<>();
    private final List<ObjectNode> batchLines = new ArrayList<>();
    private final List<Future<RecordMetadata>> batchFutures = new ArrayList<>();

    private ProduceJava(String bootstrap, String topic, String codec) {
        this.bootstrap = bootstrap;
        this.partition = new TopicPartition(topic, 0);
        this.codec = codec;
        this.admin = Admin.create(Map.of("bootstrap.servers", bootstrap));
    }

    public static void main(String[] args) throws Exception {
        new ProduceJava(args[0], args[1], args[2]).run(args[3]);
    }

    private void run(String timestampType) throws Exception {
        List<ObjectNode> plan = readPlan();
        boolean isTransactional = plan.stream().anyMatch(line -> line.has("end"));
        createTopic(timestampType.equals("log_append") ? "LogAppendTime" : "CreateTime");
        for (ObjectNode line : plan) {
            String name = line.get("producer").asText();
            if (line.has("end")) {
                flush();
                end(name, line);
                continue;
            }
            if (!batchLines.isEmpty() && batchLines.get(0).get("batch").asInt() != line.get("batch").asInt()) {
                flush();
            }
            boolean inside = isTransactional && !name.equals("plain");
            KafkaProducer<byte[], byte[]> producer = producer(name, inside);
            if (inside && inTransaction.add(name)) {
                producer.beginTransaction();
            }
            batchLines.add(line);
            batchFutures.add(producer.send(record(line)));
        }
        flush();
        producers.values().forEach(KafkaProducer::close);
        admin.close();
    }

    private void createTopic(String timestampType) throws Exception {
        NewTopic topic = new NewTopic(partition.topic(), 1, (short) 1)
            .configs(Map.of("message.timestamp.type", timestampType));
        admin.createTopics(List.of(topic)).all().get(TIMEOUT_SECONDS, TimeUnit.SECONDS);
    }

    private KafkaProducer<byte[], byte[]> producer(String name, boolean isTransactional) {
        return producers.computeIfAbsent(name, unused -> {
            Map<String, Object> config = new HashMap<>(Map.of(
                "bootstrap.servers", bootstrap, "compression.type", codec, "linger.ms", LINGER_MS,
                "batch.size", BATCH_BYTES));
            if (isTransactional) {
                config.put("transactional.id", partition.topic() + "-" + name);
            }
            var producer = new KafkaProducer<>(config, new ByteArraySerializer(), new ByteArraySerializer());
            if (isTransactional) {
                producer.initTransactions();
            }
            return producer;
        });
    }

    private ProducerRecord<byte[], byte[]> record(ObjectNode line) throws Exception {
        var record = new ProducerRecord<>(partition.topic(), partition.partition(), line.get("timestamp").asLong(),
            bytes(line.get("key")), bytes(line.get("value")));
        for (JsonNode header : line.get("headers")) {
            record.headers().add(header.get("key").asText(), bytes(header.get("value")));
        }
        return record;
    }

    private void flush() throws Exception {
        if (batchLines.isEmpty()) {
            return;
        }
        producers.get(batchLines.get(0).get("producer").asText()).flush();
        for (int i = 0; i < batchLines.size(); i++) {
            RecordMetadata metadata = batchFutures.get(i).get(TIMEOUT_SECONDS, TimeUnit.SECONDS);
            print(batchLines.get(i).put("offset", metadata.offset()).put("ack_timestamp", metadata.timestamp()));
        }
        batchLines.clear();
        batchFutures.clear();
    }

    private void end(String name, ObjectNode line) throws Exception {
        long marker = endOffset();
        if (line.get("end").asText().equals("commit")) {
            producers.get(name).commitTransaction();
        } else {
            producers.get(name).abortTransaction();
        }
        inTransaction.remove(name);
        // The coordinator writes the marker after it has answered; wait, so that the order in the log is the plan's.
        for (int i = 0; endOffset() == marker; i++) {
            if (i == TIMEOUT_SECONDS * 20) {
                throw new IllegalStateException("no marker at offset " + marker);
            }
            Thread.sleep(50);
        }
        print(line.put("offset", marker));
    }

    private long endOffset() throws Exception {
        return admin.listOffsets(Map.of(partition, OffsetSpec.latest())).partitionResult(partition)
            .get(TIMEOUT_SECONDS, TimeUnit.SECONDS).offset();
    }

    private static List<ObjectNode> readPlan() throws Exception {
        List<ObjectNode> plan = new ArrayList<>();
        var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            plan.add((ObjectNode) JSON.readTree(line));
        }
        return plan;
    }

    private static byte[] bytes(JsonNode node) throws Exception {
        return node.isNull() ? null : node.binaryValue();
    }

    private static void print(ObjectNode line) throws Exception {
        System.out.write((JSON.writeValueAsString(line) + "\n").getBytes(StandardCharsets.UTF_8));
        System.out.flush();
    }
}
