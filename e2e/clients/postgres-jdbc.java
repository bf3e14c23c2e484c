import java.io.StringReader;
import java.io.StringWriter;
import java.sql.*;
import java.util.*;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyManager;

/** What pgjdbc sees of one server, as lines that can be compared. Arguments: URL, user, password. */
class PostgresJdbc {
  interface Step { Object run(Connection connection) throws Exception; }

  static String url, user, password;

  public static void main(String[] args) throws Exception {
    url = args[0]; user = args[1]; password = args[2];
    step("prepareThreshold=1, binary transfer", "prepareThreshold=1&binaryTransfer=true", c -> types(c, 3));
    step("prepareThreshold=0", "prepareThreshold=0", c -> types(c, 3));
    step("the simple protocol", "preferQueryMode=simple", c -> types(c, 2));
    step("extended for prepared only", "preferQueryMode=extendedForPrepared", c -> types(c, 2));
    step("fetch size makes a portal that is suspended", "", PostgresJdbc::fetchSize);
    step("a batch", "", c -> batch(c));
    step("a batch rewritten", "reWriteBatchedInserts=true", c -> batch(c));
    step("a batch in which one fails", "", PostgresJdbc::failingBatch);
    step("generated keys", "", PostgresJdbc::generatedKeys);
    step("savepoints", "", PostgresJdbc::savepoints);
    step("autosave", "autosave=always", PostgresJdbc::autosave);
    step("metadata", "", PostgresJdbc::metadata);
    step("COPY", "", PostgresJdbc::copy);
    step("a query that times out", "", PostgresJdbc::queryTimeout);
    step("several statements at once", "", PostgresJdbc::several);
    step("schema as an option", "currentSchema=pg_catalog", c -> row(c, "show search_path"));
    step("TLS", "sslmode=require", c -> row(c, "select 'in'"));
    step("warnings", "", PostgresJdbc::warnings);
  }

  static void step(String name, String options, Step step) throws Exception {
    Properties properties = new Properties();
    properties.put("user", user);
    properties.put("password", password);
    String separator = url.contains("?") ? "&" : "?";
    Object seen;
    try (Connection connection = DriverManager.getConnection(options.isEmpty() ? url : url + separator + options, properties)) {
      try { seen = step.run(connection); }
      catch (SQLException error) { seen = "error " + error.getSQLState() + " " + error.getMessage(); }
    } catch (SQLException error) { seen = "login " + error.getSQLState() + " " + error.getMessage(); }
    System.out.println(name + " => " + seen);
  }

  static Object types(Connection c, int times) throws Exception {
    List<Object> seen = new ArrayList<>();
    String sql = "select ?::int, ?::bigint, ?::numeric, ?::text, ?::timestamptz, ?::uuid, ?::bytea, ?::bool, id, total, placed_at from orders where id = ?";
    try (PreparedStatement statement = c.prepareStatement(sql)) {
      for (int n = 1; n <= times; n++) {
        statement.setInt(1, n);
        statement.setLong(2, 1L << 40);
        statement.setBigDecimal(3, new java.math.BigDecimal("-12.3400"));
        statement.setString(4, "gr\u00fc\u00dfe");
        statement.setTimestamp(5, new Timestamp(0));
        statement.setObject(6, UUID.fromString("6b4f2a10-0000-4000-8000-000000000001"));
        statement.setBytes(7, new byte[] {0, -1});
        statement.setBoolean(8, true);
        statement.setInt(9, n);
        try (ResultSet rows = statement.executeQuery()) { seen.addAll(all(rows)); }
      }
    }
    return seen;
  }

  static Object fetchSize(Connection c) throws Exception {
    c.setAutoCommit(false);
    List<Object> seen = new ArrayList<>();
    try (PreparedStatement statement = c.prepareStatement("select id, full_name from customers where id <= ? order by id")) {
      statement.setFetchSize(7);
      statement.setInt(1, 30);
      try (ResultSet rows = statement.executeQuery()) { seen.add(all(rows)); }
      try (ResultSet rows = statement.executeQuery()) { rows.next(); seen.add(rows.getString(2)); }
    }
    c.commit();
    return seen;
  }

  static Object batch(Connection c) throws Exception {
    execute(c, "create temp table inbox (a int, b text)");
    try (PreparedStatement statement = c.prepareStatement("insert into inbox values (?, ?)")) {
      for (int n = 0; n < 300; n++) { statement.setInt(1, n); statement.setString(2, "x" + n); statement.addBatch(); }
      int[] counts = statement.executeBatch();
      return counts.length + " " + row(c, "select count(*), sum(a) from inbox");
    }
  }

  static Object failingBatch(Connection c) throws Exception {
    execute(c, "create temp table inbox (a int primary key)");
    try (PreparedStatement statement = c.prepareStatement("insert into inbox values (?)")) {
      for (int n : new int[] {1, 2, 2, 3}) { statement.setInt(1, n); statement.addBatch(); }
      statement.executeBatch();
      return "no error";
    } catch (BatchUpdateException error) {
      return error.getSQLState() + " " + Arrays.toString(error.getUpdateCounts()) + row(c, "select count(*) from inbox");
    }
  }

  static Object generatedKeys(Connection c) throws Exception {
    execute(c, "create temp table made (id int generated always as identity, b text)");
    try (PreparedStatement statement = c.prepareStatement("insert into made (b) values (?), (?)", Statement.RETURN_GENERATED_KEYS)) {
      statement.setString(1, "x");
      statement.setString(2, "y");
      statement.executeUpdate();
      return all(statement.getGeneratedKeys());
    }
  }

  static Object savepoints(Connection c) throws Exception {
    c.setAutoCommit(false);
    Savepoint point = c.setSavepoint();
    try { row(c, "select 1/0"); } catch (SQLException error) { c.rollback(point); }
    Object seen = row(c, "select 'goes on'");
    c.rollback();
    return seen;
  }

  static Object autosave(Connection c) throws Exception {
    c.setAutoCommit(false);
    try { row(c, "select 1/0"); } catch (SQLException error) { /* the driver rolls back to its savepoint */ }
    Object seen = row(c, "select 'goes on'");
    c.commit();
    return seen;
  }

  static Object metadata(Connection c) throws Exception {
    DatabaseMetaData data = c.getMetaData();
    List<Object> seen = new ArrayList<>();
    seen.add(data.getDatabaseProductVersion());
    try (ResultSet rows = data.getTables(null, "public", "%", new String[] {"TABLE"})) { seen.add(all(rows)); }
    try (ResultSet rows = data.getColumns(null, "public", "orders", "%")) { seen.add(all(rows)); }
    try (ResultSet rows = data.getPrimaryKeys(null, "public", "orders")) { seen.add(all(rows)); }
    return seen;
  }

  static Object copy(Connection c) throws Exception {
    execute(c, "create temp table inbox (a int, b text)");
    CopyManager manager = c.unwrap(PGConnection.class).getCopyAPI();
    long in = manager.copyIn("copy inbox from stdin", new StringReader("1\tx\n2\ty\n"));
    StringWriter out = new StringWriter();
    manager.copyOut("copy inbox to stdout", out);
    try { manager.copyIn("copy inbox from stdin", new StringReader("not a number\n")); }
    catch (SQLException error) { out.append(error.getSQLState()); }
    return in + " " + out + row(c, "select count(*) from inbox");
  }

  static Object queryTimeout(Connection c) throws Exception {
    try (Statement statement = c.createStatement()) {
      statement.setQueryTimeout(1);
      statement.execute("select pg_sleep(30)");
      return "no error";
    } catch (SQLException error) { return error.getSQLState() + row(c, "select 1"); }
  }

  static Object several(Connection c) throws Exception {
    List<Object> seen = new ArrayList<>();
    try (Statement statement = c.createStatement()) {
      boolean isRows = statement.execute("select 1; create temp table t (a int); insert into t values (1), (2); select * from t");
      while (isRows || statement.getUpdateCount() != -1) {
        seen.add(isRows ? all(statement.getResultSet()) : statement.getUpdateCount());
        isRows = statement.getMoreResults();
      }
    }
    return seen;
  }

  static Object warnings(Connection c) throws Exception {
    try (Statement statement = c.createStatement()) {
      statement.execute("do $$ begin raise notice 'watch out'; end $$");
      return statement.getWarnings().getMessage();
    }
  }

  static void execute(Connection c, String sql) throws SQLException {
    try (Statement statement = c.createStatement()) { statement.execute(sql); }
  }

  static Object row(Connection c, String sql) throws SQLException {
    try (Statement statement = c.createStatement(); ResultSet rows = statement.executeQuery(sql)) { return all(rows); }
  }

  static List<Object> all(ResultSet rows) throws SQLException {
    List<Object> seen = new ArrayList<>();
    ResultSetMetaData data = rows.getMetaData();
    while (rows.next()) {
      List<Object> row = new ArrayList<>();
      for (int i = 1; i <= data.getColumnCount(); i++) {
        Object value = rows.getObject(i);
        row.add(value instanceof byte[] bytes ? Arrays.toString(bytes) : value);
      }
      seen.add(row);
    }
    return seen;
  }
}
