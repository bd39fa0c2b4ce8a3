// SPDX-License-Identifier: Apache-2.0
// Sends requests as they are and prints what is answered, by Kafka's own message classes. Reads lines
// {"api": "METADATA", "version": 9, "body": {"topics": [{"name": "t"}]}}, with Kafka's names of fields and its defaults for those
// that are not there, bytes and records in base64; answers {"answer": {...}}, {"closed": true} where the connection ended, or
// {"cannot": text} where the version cannot carry the request. {"hex": "..."} sends a frame without its length.
//
//   java -cp "$(tests/support/kafka/fetch)/*" Ask.java HOST:PORT

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.reflect.Method;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.UnsupportedVersionException;
import org.apache.kafka.common.message.ApiMessageType;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.message.RequestHeaderData;
import org.apache.kafka.common.message.ResponseHeaderData;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.ObjectSerializationCache;
import org.apache.kafka.common.record.internal.MemoryRecords;

public class Ask {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int TIMEOUT_MS = 10_000;
    private static Socket socket;
    private static int correlation = 0;

    public static void main(String[] args) throws Exception {
        int colon = args[0].lastIndexOf(':');
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            JsonNode call = JSON.readTree(line);
            ObjectNode result = JSON.createObjectNode();
            try {
                if (socket == null) {
                    socket = new Socket(args[0].substring(0, colon), Integer.parseInt(args[0].substring(colon + 1)));
                    socket.setSoTimeout(TIMEOUT_MS);
                }
                if (call.has("hex")) {
                    result.put("hex", HexFormat.of().formatHex(exchange(HexFormat.of().parseHex(call.get("hex").asText()))));
                } else {
                    result.set("answer", ask(ApiMessageType.valueOf(call.get("api").asText()), (short) call.get("version").asInt(),
                        call.get("body")));
                }
            } catch (UnsupportedVersionException e) {
                result.put("cannot", e.getMessage());
            } catch (IOException e) {
                result.put("closed", true);
                socket.close();
                socket = null;
            }
            System.out.println(result);
        }
    }

    private static byte[] exchange(byte[] frame) throws IOException {
        DataOutputStream out = new DataOutputStream(socket.getOutputStream());
        ByteBuffer whole = ByteBuffer.allocate(4 + frame.length).putInt(frame.length).put(frame);
        out.write(whole.array());
        DataInputStream in = new DataInputStream(socket.getInputStream());
        byte[] answer = new byte[in.readInt()];
        in.readFully(answer);
        return answer;
    }

    private static JsonNode ask(ApiMessageType api, short version, JsonNode body) throws Exception {
        ApiMessage request = api.newRequest();
        fill(request, body);
        RequestHeaderData header = new RequestHeaderData().setRequestApiKey(api.apiKey()).setRequestApiVersion(version)
            .setCorrelationId(++correlation).setClientId("ask");
        short headerVersion = api.requestHeaderVersion(version);
        ObjectSerializationCache cache = new ObjectSerializationCache();
        ByteBuffer frame = ByteBuffer.allocate(header.size(cache, headerVersion) + request.size(cache, version));
        header.write(new ByteBufferAccessor(frame), cache, headerVersion);
        request.write(new ByteBufferAccessor(frame), cache, version);
        ByteBufferAccessor in = new ByteBufferAccessor(ByteBuffer.wrap(exchange(frame.array())));
        ResponseHeaderData answered = new ResponseHeaderData(in, api.responseHeaderVersion(version));
        if (answered.correlationId() != correlation) {
            throw new EOFException("correlation id");
        }
        ApiMessage response = api.newResponse();
        response.read(in, version);
        ObjectNode result = (ObjectNode) JSON.readTree(Class.forName(response.getClass().getName() + "JsonConverter")
            .getMethod("write", response.getClass(), short.class, boolean.class).invoke(null, response, version, false).toString());
        if (in.remaining() > 0) {
            result.put("bytesLeft", in.remaining());
        }
        if (response instanceof FetchResponseData) {
            addRecords((FetchResponseData) response, result);
        }
        return result;
    }

    private static void addRecords(FetchResponseData response, ObjectNode result) {
        for (int i = 0; i < response.responses().size(); ++i) {
            List<FetchResponseData.PartitionData> partitions = response.responses().get(i).partitions();
            for (int j = 0; j < partitions.size(); ++j) {
                MemoryRecords records = (MemoryRecords) partitions.get(j).records();
                byte[] bytes = new byte[records == null ? 0 : records.sizeInBytes()];
                if (records != null) {
                    records.buffer().duplicate().get(bytes);
                }
                ((ObjectNode) result.get("responses").get(i).get("partitions").get(j))
                    .put("records", records == null ? null : Base64.getEncoder().encodeToString(bytes));
            }
        }
    }

    /** Sets the fields that the JSON names. */
    private static void fill(Message message, JsonNode fields) throws Exception {
        for (Iterator<Map.Entry<String, JsonNode>> it = fields.fields(); it.hasNext();) {
            Map.Entry<String, JsonNode> field = it.next();
            String setter = "set" + Character.toUpperCase(field.getKey().charAt(0)) + field.getKey().substring(1);
            boolean found = false;
            for (Method method : message.getClass().getMethods()) {
                if (method.getName().equals(setter)) {
                    method.invoke(message, value(method.getGenericParameterTypes()[0], field.getValue()));
                    found = true;
                }
            }
            if (!found) {
                throw new IllegalArgumentException(message.getClass().getSimpleName() + "." + setter);
            }
        }
    }

    private static Object value(Type type, JsonNode node) throws Exception {
        if (node.isNull()) {
            return null;
        }
        if (type instanceof ParameterizedType) {
            Collection<Object> list = new ArrayList<>();
            for (JsonNode one : node) {
                list.add(value(((ParameterizedType) type).getActualTypeArguments()[0], one));
            }
            return list;
        }
        Class<?> kind = (Class<?>) type;
        if (Collection.class.isAssignableFrom(kind)) {
            @SuppressWarnings("unchecked")
            Collection<Object> list = (Collection<Object>) kind.getConstructor().newInstance();
            Type element = ((ParameterizedType) kind.getGenericSuperclass()).getActualTypeArguments()[0];
            for (JsonNode one : node) {
                list.add(value(element, one));
            }
            return list;
        }
        if (Message.class.isAssignableFrom(kind)) {
            Message message = (Message) kind.getConstructor().newInstance();
            fill(message, node);
            return message;
        }
        switch (kind.getSimpleName()) {
            case "String": return node.asText();
            case "Boolean": case "boolean": return node.asBoolean();
            case "Byte": case "byte": return (byte) node.asInt();
            case "Short": case "short": return (short) node.asInt();
            case "Integer": case "int": return node.asInt();
            case "Long": case "long": return node.asLong();
            case "Uuid": return Uuid.fromString(node.asText());
            case "byte[]": return Base64.getDecoder().decode(node.asText());
            default: return MemoryRecords.readableRecords(ByteBuffer.wrap(Base64.getDecoder().decode(node.asText())));
        }
    }
}
