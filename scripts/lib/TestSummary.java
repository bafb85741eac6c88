import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/**
 * Counts the tests of JUnit's XML reports, which Surefire and the console launcher write alike.
 *
 * <p>usage: {@code java TestSummary.java NAME=FOLDER...}; a NAME that ends in {@code !} is of a run in which nothing may be skipped.
 * Prints a line for each folder, each failure and each skipped test with its reason, and the counts at the end.
 * Exit status 1 for a failure, for a forbidden skip, and for a run without tests.
 */
class TestSummary {
    private int passed;
    private int failed;
    private int skipped;
    private boolean forbidden;
    private final List<String> details = new ArrayList<>();

    public static void main(String[] arguments) throws Exception {
        TestSummary all = new TestSummary();
        for (String argument : arguments) {
            int split = argument.indexOf('=');
            all.add(argument.substring(0, split), Path.of(argument.substring(split + 1)));
        }
        all.details.forEach(System.out::println);
        System.out.printf("%d passed, %d failed, %d skipped%n", all.passed, all.failed, all.skipped);
        System.exit(all.failed > 0 || all.forbidden ? 1 : 0);
    }

    private void add(String name, Path folder) throws Exception {
        TestSummary run = new TestSummary();
        if (Files.isDirectory(folder)) {
            try (Stream<Path> reports = Files.list(folder)) {
                for (Path report : reports.filter(path -> path.getFileName().toString().matches("TEST-.*\\.xml")).sorted().toList()) {
                    run.count(report.toFile());
                }
            }
        }
        boolean noSkips = name.endsWith("!");
        String title = noSkips ? name.substring(0, name.length() - 1) : name;
        System.out.printf("%-18s %4d passed, %d failed, %d skipped%n", title, run.passed, run.failed, run.skipped);
        if (run.passed + run.failed == 0) {
            details.add(title + ": no test ran; see the output above");
            forbidden = true;
        }
        if (noSkips && run.skipped > 0) {
            details.add(title + ": nothing may be skipped there");
            forbidden = true;
        }
        run.details.forEach(detail -> details.add(title + ": " + detail));
        passed += run.passed;
        failed += run.failed;
        skipped += run.skipped;
    }

    private void count(File report) throws Exception {
        NodeList tests = DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(report).getElementsByTagName("testcase");
        for (int i = 0; i < tests.getLength(); i++) {
            Element test = (Element) tests.item(i);
            String name = test.getAttribute("classname") + "." + test.getAttribute("name");
            String problem = firstOf(test, "failure", "error");
            String skip = firstOf(test, "skipped");
            if (problem != null) {
                failed++;
                details.add("FAILED " + name + ": " + problem);
            } else if (skip != null) {
                skipped++;
                details.add("skipped " + name + ": " + skip);
            } else {
                passed++;
            }
        }
    }

    /** The message or the first line of the first such element; null if there is none. */
    private static String firstOf(Element test, String... tags) {
        for (String tag : tags) {
            NodeList found = test.getElementsByTagName(tag);
            if (found.getLength() > 0) {
                Element element = (Element) found.item(0);
                String message = element.getAttribute("message");
                return (message.isBlank() ? element.getTextContent() : message).strip().lines().findFirst().orElse("(no reason given)");
            }
        }
        return null;
    }
}
