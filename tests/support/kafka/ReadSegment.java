// SPDX-License-Identifier: Apache-2.0
// Reads .log segments with Kafka's own classes and prints JSON lines: an independent reader to check ours against.
//
//   java -cp "$(tests/support/kafka/fetch)/*" tests/support/kafka/ReadSegment.java FILE...
//
// Per batch one "batch" line, then its "record" lines; where Kafka's reader cannot go on, an "error" line. Records of a
// batch whose CRC is wrong are not read. With several files each begins with a "file" line. Exit 3 when there was an
// error, an invalid batch, or bytes left at the end of a file. Kafka decodes header keys as UTF-8, so bytes of a key
// that are not UTF-8 come out as U+FFFD.

import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.File;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Iterator;
import java.util.Locale;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.ControlRecordType;
import org.apache.kafka.common.record.internal.FileLogInputStream.FileChannelRecordBatch;
import org.apache.kafka.common.record.internal.FileRecords;
import org.apache.kafka.common.record.internal.Record;

public class ReadSegment {
    private static final ObjectMapper JSON =
        JsonMapper.builder().enable(JsonWriteFeature.ESCAPE_NON_ASCII).build();
    private static PrintStream out;
    private static boolean damaged = false;

    public static void main(String[] args) throws Exception {
        if (args.length == 0) {
            System.err.println("usage: ReadSegment FILE...");
            System.exit(2);
        }
        out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        for (String name : args) {
            if (args.length > 1) {
                print(line("file").put("file", name));
            }
            readSegment(new File(name));
        }
        out.flush();
        System.exit(damaged ? 3 : 0);
    }

    private static void readSegment(File file) throws Exception {
        long end = 0;
        try (FileRecords records = FileRecords.open(file, false)) {
            Iterator<FileChannelRecordBatch> batches = records.batches().iterator();
            while (batches.hasNext()) {
                FileChannelRecordBatch batch = batches.next();
                readBatch(batch);
                end = batch.position() + (long) batch.sizeInBytes();
            }
            if (end < file.length()) {
                fail(end, (file.length() - end) + " bytes left that are no whole batch");
            }
        } catch (RuntimeException e) {
            fail(end, e.toString());
        }
    }

    private static void readBatch(FileChannelRecordBatch batch) throws Exception {
        boolean valid = isValid(batch);
        ObjectNode node = line("batch")
            .put("position", batch.position())
            .put("size", batch.sizeInBytes())
            .put("magic", batch.magic())
            .put("base_offset", batch.baseOffset())
            .put("last_offset", batch.lastOffset())
            .put("crc", batch.checksum())
            .put("valid", valid)
            .put("codec", batch.compressionType().name)
            .put("timestamp_type", name(batch.timestampType()))
            .put("max_timestamp", batch.maxTimestamp())
            .put("producer_id", batch.producerId())
            .put("producer_epoch", batch.producerEpoch())
            .put("base_sequence", batch.baseSequence())
            .put("leader_epoch", batch.partitionLeaderEpoch())
            .put("transactional", batch.isTransactional())
            .put("control", batch.isControlBatch());
        Integer count = batch.countOrNull();
        print(count == null ? node.putNull("count") : node.put("count", count));
        if (!valid) {
            damaged = true;
            return;
        }
        try {
            for (Record record : batch) {
                readRecord(batch, record);
            }
        } catch (RuntimeException e) {
            fail(batch.position(), e.toString());
        }
    }

    private static void readRecord(FileChannelRecordBatch batch, Record record) throws Exception {
        ObjectNode node = line("record")
            .put("offset", record.offset())
            .put("timestamp", record.timestamp())
            .put("timestamp_type", name(batch.timestampType()))
            .put("key", base64(record.key()))
            .put("value", base64(record.value()));
        ArrayNode headers = node.putArray("headers");
        for (Header header : record.headers()) {
            byte[] value = header.value();
            headers.addObject()
                .put("key", header.key())
                .put("value", value == null ? null : Base64.getEncoder().encodeToString(value));
        }
        String control = batch.isControlBatch()
            ? ControlRecordType.parse(record.key()).name().toLowerCase(Locale.ROOT) : null;
        print(node.put("control", control));
    }

    private static boolean isValid(FileChannelRecordBatch batch) {
        try {
            batch.ensureValid();
            return true;
        } catch (RuntimeException e) {
            return false;
        }
    }

    private static String name(TimestampType type) {
        switch (type) {
            case CREATE_TIME: return "create";
            case LOG_APPEND_TIME: return "log_append";
            default: return "none";
        }
    }

    private static String base64(ByteBuffer bytes) {
        if (bytes == null) {
            return null;
        }
        byte[] copy = new byte[bytes.remaining()];
        bytes.duplicate().get(copy);
        return Base64.getEncoder().encodeToString(copy);
    }

    private static ObjectNode line(String type) {
        return JSON.createObjectNode().put("type", type);
    }

    private static void fail(long position, String message) throws Exception {
        damaged = true;
        print(line("error").put("position", position).put("message", message));
    }

    private static void print(ObjectNode node) throws Exception {
        out.print(JSON.writeValueAsString(node) + "\n");
    }
}
