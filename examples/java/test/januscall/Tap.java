// SPDX-License-Identifier: MIT
package januscall;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;

/** Runs cases and prints what came of them in the form of the Test Anything Protocol. */
final class Tap {
    interface Case {
        void run() throws Exception;
    }

    private final Map<String, Case> cases = new LinkedHashMap<>();

    void test(String title, Case one) {
        if (cases.put(title, one) != null)
            throw new IllegalArgumentException("twice: " + title);
    }

    /** Returns whether all went well. */
    boolean run() {
        int number = 0;
        int failed = 0;
        System.out.println("1.." + cases.size());
        for (Map.Entry<String, Case> one : cases.entrySet()) {
            number++;
            String fault = faultOf(one.getValue());
            System.out.println((fault == null ? "ok " : "not ok ") + number + " - " + one.getKey());
            if (fault == null)
                continue;
            failed++;
            System.out.println("# " + fault.trim().replace("\n", "\n# "));
        }
        return failed == 0;
    }

    private static String faultOf(Case one) {
        try {
            one.run();
            return null;
        } catch (Exception | AssertionError fault) {
            StringWriter text = new StringWriter();
            fault.printStackTrace(new PrintWriter(text, true));
            return text.toString();
        }
    }

    static void same(Object actual, Object expected) {
        if (!Objects.equals(actual, expected))
            throw new AssertionError("expected <" + expected + ">, but it is <" + actual + ">");
    }

    static void holds(boolean condition, String what) {
        if (!condition)
            throw new AssertionError("not so: " + what);
    }
}
