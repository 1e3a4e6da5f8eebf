import java.sql.DriverManager;
import java.util.Properties;

/** Prints the first row of a query to a DuckDB file, opened read-only as docs/asking.md says. Arguments: file, query. */
public class AskByJdbc {
    public static void main(String[] arguments) throws Exception {
        var properties = new Properties();
        properties.setProperty("duckdb.read_only", "true");
        try (var connection = DriverManager.getConnection("jdbc:duckdb:" + arguments[0], properties);
                var rows = connection.createStatement().executeQuery(arguments[1])) {
            rows.next();
            for (int column = 1; column <= rows.getMetaData().getColumnCount(); column++) {
                System.out.println(rows.getLong(column));
            }
        }
    }
}
