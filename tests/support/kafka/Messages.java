// SPDX-License-Identifier: Apache-2.0
// Kafka's own reading and writing of messages, over lines NAME VERSION HEX JSON on stdin. For each line that this Kafka has
// the message and version of, prints NAME VERSION HEX with the bytes that Kafka writes from the JSON; fails where they are
// other bytes, or where Kafka reads another JSON from the bytes. What it does not have it names once on stderr.
//
// java -cp JARS Messages.java < lines
//
// With the argument "convert" the lines are NAME VERSION HEX TO RESULT: Kafka reads the bytes in VERSION and writes them in
// TO, and RESULT is what it has to write, or "error" where it has to refuse. This compares defaults, what may be null, and
// what may be dropped.

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedOutputStream;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.common.errors.UnsupportedVersionException;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.ObjectSerializationCache;
import org.apache.kafka.common.protocol.Readable;

public class Messages {
    private static final String[] PLACES = {"org.apache.kafka.common.message.%sData", "org.apache.kafka.common.message.%s",
        "org.apache.kafka.coordinator.group.generated.%s", "org.apache.kafka.coordinator.transaction.generated.%s"};
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final Map<String, Kind> KINDS = new HashMap<>();
    private static final Set<String> UNKNOWN = new HashSet<>();

    /** The classes of one message; all null where this Kafka has no such message. */
    private static final class Kind {
        Constructor<?> fromBytes;
        Method readJson;
        Method writeJson;
        short lowest;
        short highest;

        static Kind of(String name) throws Exception {
            Kind kind = new Kind();
            for (String place : PLACES) {
                try {
                    Class<?> data = Class.forName(String.format(place, name));
                    Class<?> converter = Class.forName(data.getName() + "JsonConverter");
                    kind.fromBytes = data.getConstructor(Readable.class, short.class);
                    kind.readJson = converter.getMethod("read", JsonNode.class, short.class);
                    kind.writeJson = converter.getMethod("write", data, short.class, boolean.class);
                    Message empty = (Message) data.getConstructor().newInstance();
                    kind.lowest = empty.lowestSupportedVersion();
                    kind.highest = empty.highestSupportedVersion();
                    return kind;
                } catch (ClassNotFoundException tryNext) {
                    continue;
                }
            }
            return null;
        }
    }

    /** The content of records is compared as bytes; in JSON Kafka prints only its size. */
    private static JsonNode withSizes(JsonNode node) {
        if (node instanceof ArrayNode array) {
            for (int i = 0; i < array.size(); ++i) {
                array.set(i, withSizes(array.get(i)));
            }
        } else if (node instanceof ObjectNode object) {
            List<String> names = new ArrayList<>();
            object.fieldNames().forEachRemaining(names::add);
            for (String name : names) {
                JsonNode value = object.get(name);
                if (name.equals("records") && value.isTextual()) {
                    object.remove(name);
                    object.set("recordsSizeInBytes", new IntNode(Base64.getDecoder().decode(value.textValue()).length));
                } else {
                    object.set(name, withSizes(value));
                }
            }
        }
        return node;
    }

    private static byte[] write(Message message, short version) {
        ObjectSerializationCache cache = new ObjectSerializationCache();
        ByteBuffer buffer = ByteBuffer.allocate(message.size(cache, version));
        message.write(new ByteBufferAccessor(buffer), cache, version);
        return buffer.array();
    }

    /** What is wrong, or null; appends Kafka's bytes to out. */
    private static String check(Kind kind, short version, byte[] bytes, String json, StringBuilder out) throws Exception {
        JsonNode given = MAPPER.readTree(json);
        Message fromJson = (Message) kind.readJson.invoke(null, given, version);
        byte[] written = write(fromJson, version);
        out.append(hexOf(written));
        if (!Arrays.equals(written, bytes)) {
            return "Kafka writes " + HexFormat.of().formatHex(written);
        }
        ByteBuffer in = ByteBuffer.wrap(bytes);
        Object fromBytes = kind.fromBytes.newInstance(new ByteBufferAccessor(in), version);
        if (in.hasRemaining()) {
            return "Kafka leaves " + in.remaining() + " bytes";
        }
        // Through text: nodes of int and short, or of bytes and base64, are not equal.
        JsonNode read = MAPPER.readTree(kind.writeJson.invoke(null, fromBytes, version, false).toString());
        JsonNode expected = MAPPER.readTree(withSizes(given).toString());
        return read.equals(expected) ? null : "Kafka reads " + read;
    }

    private static byte[] bytesOf(String hex) {
        return hex.equals("-") ? new byte[0] : HexFormat.of().parseHex(hex);
    }

    private static String hexOf(byte[] bytes) {
        return bytes.length == 0 ? "-" : HexFormat.of().formatHex(bytes);
    }

    /** What is wrong, or null. */
    private static String checkConverted(Kind kind, short version, byte[] bytes, short to, String expected) throws Exception {
        Message message = (Message) kind.fromBytes.newInstance(new ByteBufferAccessor(ByteBuffer.wrap(bytes)), version);
        String result;
        try {
            result = hexOf(write(message, to));
        } catch (UnsupportedVersionException | NullPointerException refused) {
            result = "error";
        }
        return result.equals(expected) ? null : "Kafka writes " + result;
    }

    /** What is wrong with one line, or null. */
    private static String checkLine(Kind kind, String[] words, StringBuilder out) {
        short version = Short.parseShort(words[1]);
        try {
            return words.length == 5
                ? checkConverted(kind, version, bytesOf(words[2]), Short.parseShort(words[3]), words[4])
                : check(kind, version, bytesOf(words[2]), words[3], out);
        } catch (InvocationTargetException e) {
            return e.getCause().toString();
        } catch (Exception e) {
            return e.toString();
        }
    }

    /** Whether this Kafka has the message in all versions that the line names; says once where not. */
    private static boolean isKnown(String[] words) throws Exception {
        if (!KINDS.containsKey(words[0])) {
            KINDS.put(words[0], Kind.of(words[0]));
        }
        Kind kind = KINDS.get(words[0]);
        boolean known = true;
        for (String word : words.length == 5 ? new String[] {words[1], words[3]} : new String[] {words[1]}) {
            short version = Short.parseShort(word);
            if (kind == null || version < kind.lowest || version > kind.highest) {
                if (UNKNOWN.add(words[0] + " " + version)) {
                    System.err.println("unknown " + words[0] + " " + version);
                }
                known = false;
            }
        }
        return known;
    }

    public static void main(String[] args) throws Exception {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream out = new PrintStream(new BufferedOutputStream(System.out), false, "UTF-8");
        boolean convert = args.length == 1 && args[0].equals("convert");
        int wrong = 0;
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] words = line.split(" ", convert ? 5 : 4);
            if (!isKnown(words)) {
                continue;
            }
            StringBuilder hex = new StringBuilder();
            String fault = checkLine(KINDS.get(words[0]), words, hex);
            if (fault != null) {
                System.err.println("wrong " + line + "\n    " + fault);
                ++wrong;
            }
            out.println(words[0] + " " + words[1] + " " + (convert ? words[2] + " " + words[3] : hex));
        }
        out.flush();
        System.exit(wrong == 0 ? 0 : 1);
    }
}
