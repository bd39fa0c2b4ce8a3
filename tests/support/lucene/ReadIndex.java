// SPDX-License-Identifier: Apache-2.0
// Checks Lucene indexes with Lucene's own CheckIndex and prints what is in them as lines: an independent reader to check
// ours against.
//
//   java -cp "$(tests/support/lucene/fetch)/*" tests/support/lucene/ReadIndex.java DIRECTORY...
//
// For each index "index DIRECTORY", "clean true|false", "documents N", then a line for each term: its field, its text as
// UTF-8 in hex, the numbers of its documents with commas between them, and "lost" where the dictionary has the term and a
// look-up does not find it.

import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.PrintStream;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import org.apache.lucene.index.CheckIndex;
import org.apache.lucene.index.IndexReader;
import org.apache.lucene.index.Term;
import org.apache.lucene.index.TermDocs;
import org.apache.lucene.index.TermEnum;
import org.apache.lucene.store.Directory;
import org.apache.lucene.store.SimpleFSDirectory;

public class ReadIndex {
    public static void main(String[] args) throws Exception {
        PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        for (String path : args) {
            Directory directory = new SimpleFSDirectory(new File(path));
            CheckIndex check = new CheckIndex(directory);
            ByteArrayOutputStream report = new ByteArrayOutputStream();
            check.setInfoStream(new PrintStream(report));
            CheckIndex.Status status = check.checkIndex();
            out.println("index " + path);
            out.println("clean " + status.clean);
            if (!status.clean) {
                System.err.println(report);
            }
            IndexReader reader = IndexReader.open(directory, true);
            out.println("documents " + reader.numDocs());
            TermEnum terms = reader.terms();
            while (terms.next()) {
                printTerm(reader, terms, out);
            }
            reader.close();
        }
        out.flush();
    }

    private static void printTerm(IndexReader reader, TermEnum terms, PrintStream out) throws Exception {
        Term term = terms.term();
        StringBuilder line = new StringBuilder(term.field()).append(' ').append(hex(term.text())).append(' ');
        TermDocs documents = reader.termDocs();
        documents.seek(terms);
        String separator = "";
        while (documents.next()) {
            line.append(separator).append(documents.doc());
            separator = ",";
        }
        out.println(reader.docFreq(term) == terms.docFreq() ? line : line + " lost");
    }

    private static String hex(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return bytes.length == 0 ? "-" : String.format("%0" + 2 * bytes.length + "x", new BigInteger(1, bytes));
    }
}
