"""What psycopg 3 sees of one server, as lines that can be compared between two ways to it.

Reads the connection from libpq's environment. Each step prints its name and what came back; an error
prints its SQLSTATE and primary message.
"""

import sys
from datetime import date, datetime, timezone
from decimal import Decimal
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb


def step(name):
    def run(function):
        try:
            seen = function()
        except psycopg.Error as error:
            seen = ("error", error.sqlstate, error.diag.message_primary, error.diag.severity)
        print(name, "=>", repr(seen), flush=True)

    return run


connection = psycopg.connect("", autocommit=True)
other = psycopg.connect("", autocommit=True)
VALUES = (
    1,
    2**40,
    Decimal("-12345.678900"),
    1.5,
    True,
    "grüße",
    b"\x00\xff",
    date(2024, 2, 29),
    datetime(2024, 2, 29, 1, 2, 3, 456, tzinfo=timezone.utc),
    UUID("6b4f2a10-0000-4000-8000-000000000001"),
    [1, 2, None],
    None,
)


for binary in (False, True):

    @step(f"types, binary={binary}")
    def _():
        cursor = connection.cursor(binary=binary)
        row = cursor.execute(
            "select " + ", ".join(["%s"] * len(VALUES)) + ", %s::jsonb", (*VALUES, Jsonb({"a": [1]}))
        ).fetchone()
        return row, [(column.type_code, column.name) for column in cursor.description]

    @step(f"table columns, binary={binary}")
    def _():
        query = "select id, placed_at, total, status from orders where id <= %s order by id"
        return connection.cursor(binary=binary).execute(query, (3,)).fetchall()


@step("a prepared statement after five runs")
def _():
    return [connection.execute("select %s::int * 2", (n,)).fetchone() for n in range(12)]


@step("prepared at once, then the table changes under it")
def _():
    connection.execute("create temp table changing (a int)")
    connection.execute("insert into changing values (1)")
    first = connection.execute("select * from changing", prepare=True).fetchall()
    connection.execute("alter table changing add column b int")
    try:
        again = connection.execute("select * from changing", prepare=True).fetchall()
    except psycopg.errors.FeatureNotSupported as error:
        again = error.sqlstate
    connection.execute("drop table changing")
    return first, again


@step("a pipeline")
def _():
    with connection.pipeline():
        cursors = [connection.execute("select %s::int as n", (n,)) for n in range(20)]
    return [cursor.fetchone() for cursor in cursors]


@step("a pipeline in which one statement fails")
def _():
    seen = []
    try:
        with connection.pipeline() as pipeline:
            first = connection.execute("select 1")
            pipeline.sync()
            connection.execute("select 1/0")
            connection.execute("select 3")
            pipeline.sync()
    except psycopg.Error as error:
        seen.append((error.sqlstate, str(error)))
    return first.fetchone(), seen, connection.execute("select 'goes on'").fetchone()


@step("a pipeline inside a transaction that is rolled back")
def _():
    with connection.transaction(force_rollback=True), connection.pipeline():
        connection.execute("update orders set status = 'held' where id = %s", (5,))
        cursor = connection.execute("select status from orders where id = %s", (5,))
        inside = cursor.fetchone()
    return inside, connection.execute("select status from orders where id = 5").fetchone()


@step("server-side cursors")
def _():
    seen = []
    with connection.transaction():
        for binary in (False, True):
            with connection.cursor(name="walk", scrollable=True, binary=binary) as cursor:
                cursor.itersize = 3
                cursor.execute("select id, full_name from customers order by id limit %s", (8,))
                seen.append([row for row in cursor])
                cursor.scroll(0, mode="absolute")
                seen.append(cursor.fetchmany(2))
    return seen


@step("a server-side cursor that is held")
def _():
    with connection.cursor(name="held", withhold=True) as cursor:
        cursor.execute("select generate_series(1, 5)")
        return cursor.fetchmany(2), cursor.fetchall()


@step("savepoints")
def _():
    with connection.transaction(force_rollback=True):
        try:
            with connection.transaction():
                connection.execute("select 1/0")
        except psycopg.errors.DivisionByZero:
            pass
        return connection.execute("select 1").fetchone(), connection.info.transaction_status.name


@step("many sets of parameters")
def _():
    connection.execute("create temp table many (a int, b text)")
    cursor = connection.cursor()
    cursor.executemany("insert into many values (%s, %s) returning a", [(n, "x") for n in range(50)], returning=True)
    rows = []
    while True:
        rows.append(cursor.fetchone())
        if not cursor.nextset():
            break
    return len(rows), rows[-1], connection.execute("select count(*), sum(a) from many").fetchone()


@step("COPY in and out, in text and binary")
def _():
    seen = []
    connection.execute("create temp table inbox (a int4, b text)")
    for form in ("text", "binary"):
        with connection.cursor().copy(f"copy inbox from stdin (format {form})") as copy:
            copy.set_types(["int4", "text"])
            for n in range(300):
                copy.write_row((n, None if n % 7 == 0 else f"row\t{n}"))
        with connection.cursor().copy(f"copy inbox to stdout (format {form})") as copy:
            copy.set_types(["int4", "text"])
            seen.append(list(copy.rows()))
    return seen


@step("a COPY that the server refuses")
def _():
    with connection.cursor().copy("copy inbox from stdin") as copy:
        copy.write("1\tx\nnot a number\ty\n")


@step("a COPY that the client gives up")
def _():
    try:
        with connection.cursor().copy("copy inbox from stdin") as copy:
            copy.write("1\tx\n")
            raise RuntimeError("given up")
    except RuntimeError:
        pass
    return connection.execute("select count(*) from inbox").fetchone(), connection.info.transaction_status.name


@step("errors with their details")
def _():
    try:
        connection.execute("insert into customers (id, full_name, email) select id, full_name, email from customers where id = 1")
    except psycopg.errors.UniqueViolation as error:
        diag = error.diag
        return diag.sqlstate, diag.table_name, diag.constraint_name, diag.message_detail


@step("notices")
def _():
    heard = []
    connection.add_notice_handler(lambda diag: heard.append((diag.severity, diag.message_primary)))
    connection.execute("do $$ begin raise notice 'watch out'; end $$")
    return heard


@step("notifications")
def _():
    connection.execute("listen news")
    other.execute("notify news, 'hello'")
    for notify in connection.notifies():
        return notify.channel, notify.payload


@step("cancel from another thread")
def _():
    import threading

    timer = threading.Timer(0.3, connection.cancel)
    timer.start()
    connection.execute("select pg_sleep(30)")


@step("after all of it")
def _():
    return connection.execute("select 1").fetchone(), connection.info.transaction_status.name


connection.close()
other.close()
sys.exit(0)
