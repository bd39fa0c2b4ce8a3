// SPDX-License-Identifier: Apache-2.0
// Kafka's command-line tools, one after the other in one JVM: reads a JSON array [class, argument...] a line, the tool's stdin
// as {"in": text} in front where it has one, and answers {"status": number, "out": text, "err": text} in one line.
//
//   java -cp "$(tests/support/kafka/fetch)/*" Tools.java

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.utils.Exit;

public class Tools {
    /** Ends a tool instead of the JVM. Some catch it and end again, with another status: the first one counts. */
    private static final class Ended extends RuntimeException {
    }

    private static Integer ended;

    private static void end(int status) {
        ended = ended == null ? status : ended;
        throw new Ended();
    }

    public static void main(String[] args) throws Exception {
        ObjectMapper json = new ObjectMapper();
        InputStream in = System.in;
        PrintStream out = System.out;
        PrintStream err = System.err;
        Exit.setExitProcedure((status, message) -> end(status));
        Exit.setHaltProcedure((status, message) -> end(status));
        BufferedReader lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            JsonNode call = json.readTree(line);
            List<String> words = new ArrayList<>();
            String input = "";
            for (JsonNode word : call) {
                if (word.isObject()) {
                    input = word.get("in").asText();
                } else {
                    words.add(word.asText());
                }
            }
            ByteArrayOutputStream said = new ByteArrayOutputStream();
            ByteArrayOutputStream complained = new ByteArrayOutputStream();
            System.setIn(new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)));
            System.setOut(new PrintStream(said, true, StandardCharsets.UTF_8));
            System.setErr(new PrintStream(complained, true, StandardCharsets.UTF_8));
            ended = null;
            try {
                Class.forName(words.get(0)).getMethod("main", String[].class)
                    .invoke(null, (Object) words.subList(1, words.size()).toArray(new String[0]));
            } catch (InvocationTargetException e) {
                if (!(e.getCause() instanceof Ended)) {
                    e.getCause().printStackTrace();
                    ended = 1;
                }
            }
            System.setOut(out);
            System.setErr(err);
            out.println(json.createObjectNode().put("status", ended == null ? 0 : ended).put("out", said.toString(StandardCharsets.UTF_8))
                .put("err", complained.toString(StandardCharsets.UTF_8)));
            out.flush();
        }
    }
}
