import java.io.ByteArrayInputStream;
import java.io.StringReader;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.sql.*;
import java.util.*;
import org.mariadb.jdbc.MariaDbStatement;

/** What MariaDB Connector/J sees of one server, as lines that can be compared. Arguments: URL, CA file; the login comes from the environment. */
class MysqlJdbc {
  interface Step { Object run(Connection connection) throws Exception; }

  static String url, authority;

  public static void main(String[] args) throws Exception {
    url = args[0]; authority = args[1];
    for (String way : new String[] {"", "useServerPrepStmts=true", "useServerPrepStmts=true&cachePrepStmts=false", "useCompression=true"}) {
      step("types, " + way, way, MysqlJdbc::types);
      step("columns of every kind, " + way, way, MysqlJdbc::kinds);
      step("rows a few at a time, " + way, way, MysqlJdbc::fetchSize);
      step("a batch, " + way, way, MysqlJdbc::batch);
      step("a batch in which one fails, " + way, way, MysqlJdbc::failingBatch);
      step("generated keys, " + way, way, MysqlJdbc::generatedKeys);
      step("a procedure, " + way, way, MysqlJdbc::procedure);
      step("long values, " + way, way, MysqlJdbc::longValues);
      step("errors, " + way, way, MysqlJdbc::errors);
      step("a prepared statement whose table changes, " + way, way, MysqlJdbc::changingTable);
    }
    step("a batch rewritten", "rewriteBatchedStatements=true&allowMultiQueries=true", MysqlJdbc::batch);
    step("a batch in one packet stream", "useBatchMultiSend=true", MysqlJdbc::batch);
    step("a batch in one packet stream in which one fails", "useBatchMultiSend=true&useServerPrepStmts=true", MysqlJdbc::failingBatch);
    step("a batch in bulk", "useBulkStmts=true&useServerPrepStmts=true", MysqlJdbc::batch);
    step("several statements at once", "allowMultiQueries=true", MysqlJdbc::several);
    step("several statements where they were not asked for", "", MysqlJdbc::several);
    step("savepoints and isolation", "", MysqlJdbc::savepoints);
    step("metadata", "", MysqlJdbc::metadata);
    step("warnings", "", MysqlJdbc::warnings);
    step("a query that times out", "", MysqlJdbc::queryTimeout);
    step("a query that is cancelled", "", MysqlJdbc::cancelled);
    step("LOAD DATA LOCAL", "allowLocalInfile=true", MysqlJdbc::infile);
    step("rows that matched", "useAffectedRows=false", c -> update(c, "update invoices set status = status where id < 5"));
    step("rows that changed", "useAffectedRows=true", c -> update(c, "update invoices set status = status where id < 5"));
    step("TLS, verified", "useSsl=true&serverSslCert=" + authority, c -> rows(c, "select 'in'"));
    step("TLS, not verified", "useSsl=true&trustServerCertificate=true", c -> rows(c, "select 'in'"));
    step("session variables", "sessionVariables=sql_mode='STRICT_ALL_TABLES',time_zone='+09:00'", c -> rows(c, "select @@sql_mode, @@time_zone"));
    step("another database", "", MysqlJdbc::catalog);
    step("a connection that is reset", "useResetConnection=true", MysqlJdbc::validity);
    step("after all of it", "", c -> rows(c, "select status, count(*) from invoices group by status order by status"));
  }

  static void step(String name, String options, Step step) throws Exception {
    Properties properties = new Properties();
    properties.put("user", System.getenv("CLIENT_USER"));
    properties.put("password", System.getenv("CLIENT_PASSWORD"));
    Object seen;
    try (Connection connection = DriverManager.getConnection(options.isEmpty() ? url : url + "?" + options, properties)) {
      try { seen = step.run(connection); } catch (SQLException error) { seen = said(error); }
    } catch (SQLException error) { seen = "login " + said(error); }
    System.out.println(name + " => " + seen);
  }

  /** The driver puts the id of its connection in front of what the server says; the gateway has ids of its own. */
  static String said(SQLException error) {
    return "error " + error.getSQLState() + " " + error.getErrorCode() + " " + String.valueOf(error.getMessage()).replaceAll("\\(conn=\\d+\\)", "(conn)").split("\n")[0];
  }

  static Object types(Connection c) throws Exception {
    List<Object> seen = new ArrayList<>();
    try (PreparedStatement statement = c.prepareStatement("select ?, ?, ?, ?, ?, ?, ?, ?, ?, id, amount, status, issued_at from invoices where id = ?")) {
      for (int n = 1; n <= 3; n++) {
        statement.setInt(1, n);
        statement.setLong(2, 1L << 40);
        statement.setBigDecimal(3, new BigDecimal("-12.3400"));
        statement.setString(4, "gr\u00fc\u00dfe '\\");
        statement.setTimestamp(5, Timestamp.valueOf("2024-02-29 01:02:03.000004"));
        statement.setDate(6, java.sql.Date.valueOf("2024-02-29"));
        statement.setBytes(7, new byte[] {0, -1});
        statement.setBoolean(8, n % 2 == 0);
        statement.setNull(9, Types.VARCHAR);
        statement.setInt(10, n);
        try (ResultSet rows = statement.executeQuery()) { seen.addAll(all(rows)); }
      }
    }
    return seen;
  }

  static Object kinds(Connection c) throws Exception {
    execute(c, "create or replace temporary table kinds (a tinyint unsigned, b bit(9), c enum('x','y'), d set('p','q'), e year, f time(3), g timestamp null, h json, i decimal(30,10), j bigint unsigned, k mediumblob, l char(3) character set latin1, m float, n double, o datetime(6), p tinyint(1))");
    execute(c, "insert into kinds values (255, b'101', 'y', 'p,q', 2024, '1:02:03.004', '2024-02-29 01:02:03', '{}', 1.5, 18446744073709551615, x'00ff', 'gr\u00fc', 1.1, -2.5e100, '2024-02-29 01:02:03.000004', 1)");
    execute(c, "insert into kinds (a) values (null)");
    try (PreparedStatement statement = c.prepareStatement("select * from kinds"); ResultSet rows = statement.executeQuery()) {
      return described(rows.getMetaData()) + " " + all(rows);
    }
  }

  static Object fetchSize(Connection c) throws Exception {
    List<Object> seen = new ArrayList<>();
    try (PreparedStatement statement = c.prepareStatement("select id, company from accounts where id <= ? order by id")) {
      statement.setFetchSize(7);
      statement.setInt(1, 30);
      try (ResultSet rows = statement.executeQuery()) { seen.add(all(rows)); }
      try (ResultSet rows = statement.executeQuery()) { rows.next(); seen.add(rows.getString(2)); }
      seen.add(rows(c, "select 'goes on'"));
    }
    return seen;
  }

  static Object batch(Connection c) throws Exception {
    execute(c, "create or replace temporary table inbox (id int auto_increment primary key, a int, b text)");
    try (PreparedStatement statement = c.prepareStatement("insert into inbox (a, b) values (?, ?)", Statement.RETURN_GENERATED_KEYS)) {
      for (int n = 0; n < 300; n++) { statement.setInt(1, n); statement.setString(2, n % 7 == 0 ? null : "x" + n); statement.addBatch(); }
      int[] counts = statement.executeBatch();
      return counts.length + " " + all(statement.getGeneratedKeys()).size() + " " + rows(c, "select count(*), sum(a), max(id), count(b) from inbox");
    }
  }

  static Object failingBatch(Connection c) throws Exception {
    execute(c, "create or replace temporary table inbox (a int primary key)");
    try (PreparedStatement statement = c.prepareStatement("insert into inbox values (?)")) {
      for (int n : new int[] {1, 2, 2, 3}) { statement.setInt(1, n); statement.addBatch(); }
      statement.executeBatch();
      return "no error";
    } catch (BatchUpdateException error) {
      return error.getSQLState() + " " + error.getErrorCode() + " " + Arrays.toString(error.getUpdateCounts()) + rows(c, "select count(*) from inbox");
    }
  }

  static Object generatedKeys(Connection c) throws Exception {
    execute(c, "create or replace temporary table made (id bigint auto_increment primary key, b text)");
    try (PreparedStatement statement = c.prepareStatement("insert into made (b) values (?), (?)", Statement.RETURN_GENERATED_KEYS)) {
      statement.setString(1, "x");
      statement.setString(2, "y");
      return statement.executeUpdate() + " " + all(statement.getGeneratedKeys());
    }
  }

  static Object procedure(Connection c) throws Exception {
    List<Object> seen = new ArrayList<>();
    execute(c, "drop procedure if exists pairs");
    execute(c, "create procedure pairs(in n int, inout m int, out t text) begin select n as a; select m as b, n as c; set m = n + m; set t = concat('n', n); end");
    try (CallableStatement call = c.prepareCall("{call pairs(?, ?, ?)}")) {
      call.setInt(1, 3);
      call.setInt(2, 4);
      call.registerOutParameter(2, Types.INTEGER);
      call.registerOutParameter(3, Types.VARCHAR);
      boolean isRows = call.execute();
      while (isRows) { seen.add(all(call.getResultSet())); isRows = call.getMoreResults(); }
      seen.add(call.getInt(2));
      seen.add(call.getString(3));
    }
    execute(c, "drop procedure pairs");
    return seen;
  }

  static Object longValues(Connection c) throws Exception {
    execute(c, "create or replace temporary table large (a longtext, b longblob)");
    byte[] bytes = new byte[400_000];
    Arrays.fill(bytes, (byte) 7);
    try (PreparedStatement statement = c.prepareStatement("insert into large values (?, ?)")) {
      statement.setCharacterStream(1, new StringReader("\u00fc".repeat(200_000)));
      statement.setBinaryStream(2, new ByteArrayInputStream(bytes));
      statement.executeUpdate();
      statement.setString(1, "short");
      statement.setBytes(2, new byte[] {1});
      statement.executeUpdate();
    }
    return rows(c, "select length(a), md5(a), length(b), md5(b) from large");
  }

  static Object errors(Connection c) throws Exception {
    List<Object> seen = new ArrayList<>();
    for (String sql : new String[] {
        "selec ?", "select * from nowhere where id = ?", "select nowhere from accounts where id = ?", "insert into accounts select * from accounts where id = ?",
        "insert into invoices (account_id, number, amount, status, issued_at) values (?, 'none', 1, 'open', now())", "call nowhere(?)", "select ? / 0"}) {
      try (PreparedStatement statement = c.prepareStatement(sql)) {
        statement.setInt(1, -1 * sql.length());
        if (sql.contains("insert into accounts")) statement.setInt(1, 1);
        statement.execute();
        seen.add("no error");
      } catch (SQLException error) { seen.add(said(error)); }
    }
    return seen;
  }

  static Object changingTable(Connection c) throws Exception {
    execute(c, "create or replace table changing (a int)");
    execute(c, "insert into changing values (1)");
    List<Object> seen = new ArrayList<>();
    try (PreparedStatement statement = c.prepareStatement("select * from changing")) {
      try (ResultSet rows = statement.executeQuery()) { seen.add(all(rows)); }
      execute(c, "alter table changing add column b int default 2");
      try (ResultSet rows = statement.executeQuery()) { seen.add(all(rows)); }
      execute(c, "drop table changing");
      try (ResultSet rows = statement.executeQuery()) { seen.add(all(rows)); } catch (SQLException error) { seen.add(said(error)); }
    }
    return seen;
  }

  static Object several(Connection c) throws Exception {
    List<Object> seen = new ArrayList<>();
    try (Statement statement = c.createStatement()) {
      boolean isRows = statement.execute("select 1; create or replace temporary table t (a int); insert into t values (1), (2); select * from t");
      while (isRows || statement.getUpdateCount() != -1) {
        seen.add(isRows ? all(statement.getResultSet()) : statement.getUpdateCount());
        isRows = statement.getMoreResults();
      }
    }
    return seen;
  }

  static Object savepoints(Connection c) throws Exception {
    List<Object> seen = new ArrayList<>();
    c.setTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED);
    c.setAutoCommit(false);
    execute(c, "update invoices set status = 'cancelled' where id = 1");
    Savepoint point = c.setSavepoint("here");
    execute(c, "update invoices set amount = 0 where id = 1");
    try { rows(c, "select 1 from nowhere"); } catch (SQLException error) { c.rollback(point); }
    seen.add(rows(c, "select status, amount from invoices where id = 1"));
    c.rollback();
    seen.add(rows(c, "select status, @@tx_isolation from invoices where id = 1"));
    c.setReadOnly(true);
    try { execute(c, "update invoices set amount = 0 where id = 1"); } catch (SQLException error) { seen.add(said(error)); }
    c.rollback();
    return seen;
  }

  static Object metadata(Connection c) throws Exception {
    DatabaseMetaData data = c.getMetaData();
    List<Object> seen = new ArrayList<>();
    seen.add(data.getDatabaseProductName() + " " + data.getDatabaseProductVersion() + " " + data.getMaxStatementLength());
    try (ResultSet rows = data.getTables("billing", null, "%", new String[] {"TABLE", "VIEW"})) { seen.add(all(rows)); }
    try (ResultSet rows = data.getColumns("billing", null, "invoices", "%")) { seen.add(all(rows)); }
    try (ResultSet rows = data.getPrimaryKeys("billing", null, "invoice_lines")) { seen.add(all(rows)); }
    try (ResultSet rows = data.getImportedKeys("billing", null, "invoices")) { seen.add(all(rows)); }
    try (ResultSet rows = data.getIndexInfo("billing", null, "accounts", false, true)) { seen.add(all(rows).size()); }
    try (PreparedStatement statement = c.prepareStatement("select id, amount from invoices where id = ?")) {
      seen.add(described(statement.getMetaData()) + " " + statement.getParameterMetaData().getParameterCount());
    }
    return seen;
  }

  static Object warnings(Connection c) throws Exception {
    execute(c, "create or replace temporary table narrow (a tinyint)");
    List<Object> seen = new ArrayList<>();
    try (Statement statement = c.createStatement()) {
      statement.execute("insert ignore into narrow values (1000), (-1000)");
      for (SQLWarning warning = statement.getWarnings(); warning != null; warning = warning.getNextWarning()) seen.add(warning.getMessage());
    }
    return seen;
  }

  static Object queryTimeout(Connection c) throws Exception {
    List<Object> seen = new ArrayList<>();
    try (Statement statement = c.createStatement()) {
      statement.setQueryTimeout(1);
      statement.execute("update accounts set balance = balance where sleep(30) = 0");
      seen.add("no error");
    } catch (SQLException error) { seen.add(said(error)); }
    seen.add(rows(c, "select 'goes on'"));
    return seen;
  }

  static Object cancelled(Connection c) throws Exception {
    List<Object> seen = new ArrayList<>();
    try (Statement statement = c.createStatement()) {
      Timer timer = new Timer(true);
      timer.schedule(new TimerTask() {
        @Override public void run() { try { statement.cancel(); } catch (SQLException error) { seen.add(said(error)); } }
      }, 500);
      statement.execute("update accounts set balance = balance where sleep(30) = 0");
      seen.add("no error");
    } catch (SQLException error) { seen.add(said(error)); }
    seen.add(rows(c, "select 'goes on'"));
    return seen;
  }

  static Object infile(Connection c) throws Exception {
    execute(c, "create or replace temporary table inbox (a int, b text)");
    StringBuilder lines = new StringBuilder();
    for (int n = 0; n < 3000; n++) lines.append(n).append('\t').append("row ").append(n).append('\n');
    try (Statement statement = c.createStatement()) {
      statement.unwrap(MariaDbStatement.class).setLocalInfileInputStream(new ByteArrayInputStream(lines.toString().getBytes(StandardCharsets.UTF_8)));
      int count = statement.executeUpdate("load data local infile 'rows' into table inbox");
      return count + " " + rows(c, "select count(*), sum(a) from inbox");
    }
  }

  static Object catalog(Connection c) throws Exception {
    List<Object> seen = new ArrayList<>();
    c.setCatalog("information_schema");
    seen.add(c.getCatalog());
    try { c.setCatalog("nowhere"); } catch (SQLException error) { seen.add(said(error)); }
    c.setCatalog("billing");
    seen.add(rows(c, "select database()"));
    return seen;
  }

  static Object validity(Connection c) throws Exception {
    execute(c, "set @kept = 1");
    return c.isValid(5) + " " + rows(c, "select @kept") + c.getMetaData().getDriverName();
  }

  static void execute(Connection c, String sql) throws SQLException {
    try (Statement statement = c.createStatement()) { statement.execute(sql); }
  }

  static Object update(Connection c, String sql) throws SQLException {
    try (Statement statement = c.createStatement()) { return statement.executeUpdate(sql); }
  }

  static Object rows(Connection c, String sql) throws SQLException {
    try (Statement statement = c.createStatement(); ResultSet rows = statement.executeQuery(sql)) { return all(rows); }
  }

  static String described(ResultSetMetaData data) throws SQLException {
    StringBuilder seen = new StringBuilder();
    for (int i = 1; i <= data.getColumnCount(); i++)
      seen.append(data.getColumnLabel(i)).append(' ').append(data.getTableName(i)).append(' ').append(data.getColumnTypeName(i)).append(' ')
          .append(data.getColumnType(i)).append(' ').append(data.getPrecision(i)).append(' ').append(data.getScale(i)).append(' ')
          .append(data.isSigned(i)).append(' ').append(data.isNullable(i)).append(' ').append(data.getColumnClassName(i)).append("; ");
    return seen.toString();
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
