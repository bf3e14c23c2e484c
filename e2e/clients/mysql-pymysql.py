"""What PyMySQL sees of one server, as lines that can be compared between two ways to it.

Arguments: host, port, database, CA file; user and password come from the environment. Each step prints its name
and what came back; an error prints its number and message.
"""

import datetime
import os
import sys
import tempfile
import threading
import warnings
from decimal import Decimal

import pymysql
from pymysql.constants import CLIENT
from pymysql.cursors import DictCursor, SSCursor

host, port, database, authority = sys.argv[1:5]
LOGIN = {
    "host": host,
    "port": int(port),
    "user": os.environ["CLIENT_USER"],
    "password": os.environ["CLIENT_PASSWORD"],
    "database": database,
    "charset": "utf8mb4",
}
warnings.simplefilter("ignore")


def connect(**options):
    return pymysql.connect(**{**LOGIN, **options})


def step(name):
    def run(function):
        try:
            seen = function()
        except pymysql.Error as error:
            seen = ("error", type(error).__name__, error.args)
        print(name, "=>", repr(seen), flush=True)

    return run


connection = connect(autocommit=True, local_infile=True)


def columns(cursor):
    return [
        (f.name, f.org_name, f.table_name, f.org_table, f.db, f.type_code, f.length, f.scale, f.flags, f.charsetnr)
        for f in cursor._result.fields
    ]


def run(sql, args=None, cursor_class=None, on=None):
    with (on or connection).cursor(cursor_class) as cursor:
        count = cursor.execute(sql, args)
        described = columns(cursor) if cursor.description else None
        rows = cursor.fetchall()
        return count, cursor.lastrowid, described, rows


VALUES = (
    1,
    2**63,
    Decimal("-12345.678900"),
    1.5,
    True,
    "grüße 🦉 'quoted' \\ \n",
    b"\x00\x7f",
    datetime.date(2024, 2, 29),
    datetime.datetime(2024, 2, 29, 1, 2, 3, 456),
    datetime.timedelta(hours=-5, minutes=3),
    None,
)


@step("parameters of many types")
def _():
    return run("select " + ", ".join(["%s"] * len(VALUES)), VALUES)


@step("table columns")
def _():
    return run("select * from invoices where id <= %s order by id", (5,))


@step("rows as dictionaries")
def _():
    return run("select a.id, i.id, company from accounts a join invoices i on i.account_id = a.id where i.id < 4 order by i.id", None, DictCursor)


@step("kinds of columns")
def _():
    run(
        """create or replace temporary table kinds (a tinyint(1), b bit(9), c enum('x','y'), d set('p','q'), e year, f time(3),
        g timestamp null, h json, i decimal(30,10), j bigint unsigned zerofill, k mediumblob, l char(3) character set latin1, m float)"""
    )
    seen = [run("insert into kinds values (1, b'101', 'y', 'p,q', 2024, '-1:02:03.004', '2024-02-29 01:02:03', '{}', 1.5, 7, x'00ff', 'ü', 1.1), (" + ", ".join(["null"] * 13) + ")")]
    seen.append(run("select * from kinds"))
    seen.append(run("drop temporary table kinds"))
    return seen


@step("an unbuffered cursor")
def _():
    with connection.cursor(SSCursor) as cursor:
        cursor.execute("select seq, md5(seq) from seq_1_to_5000")
        first = cursor.fetchmany(3)
        cursor.scroll(10)
        return first, cursor.fetchone(), sum(1 for _ in cursor.fetchall_unbuffered())


@step("an unbuffered cursor that is left early, then another statement")
def _():
    with connection.cursor(SSCursor) as cursor:
        cursor.execute("select seq from seq_1_to_3000")
        first = cursor.fetchone()
    return first, run("select 'goes on'")


@step("many sets of parameters")
def _():
    run("create or replace temporary table many (id int auto_increment primary key, a int, b text)")
    with connection.cursor() as cursor:
        count = cursor.executemany("insert into many (a, b) values (%s, %s)", [(n, "x" * n) for n in range(300)])
        seen = count, cursor.lastrowid, cursor.rowcount
    return seen, run("select count(*), sum(a), sum(length(b)) from many")


@step("a procedure with parameters and several results")
def _():
    run("drop procedure if exists pairs")
    run("create procedure pairs(in n int, inout m int) begin select n as a; select m as b, n as c; set m = n + m; end")
    seen = []
    with connection.cursor() as cursor:
        cursor.callproc("pairs", (3, 4))
        while True:
            seen.append((cursor.fetchall(), cursor.rowcount))
            if not cursor.nextset():
                break
        cursor.execute("select @_pairs_0, @_pairs_1")
        seen.append(cursor.fetchall())
    run("drop procedure pairs")
    return seen


@step("several statements at once")
def _():
    several = connect(client_flag=CLIENT.MULTI_STATEMENTS)
    seen = []
    with several.cursor() as cursor:
        cursor.execute("select 1; select 2, 3; do 1; select 4 from accounts where id < 0; select nowhere")
        try:
            while True:
                seen.append((cursor.rowcount, cursor.fetchall()))
                if not cursor.nextset():
                    break
        except pymysql.Error as error:
            seen.append(error.args)
    seen.append(run("select 'goes on'", on=several))
    several.close()
    return seen


@step("several statements where they were not asked for")
def _():
    single = connect(client_flag=0)
    try:
        return run("select 1; select 2", on=single)
    finally:
        single.close()


@step("transactions")
def _():
    seen = []
    manual = connect()
    with manual.cursor() as cursor:
        cursor.execute("update invoices set status = 'cancelled' where id = 1")
        seen.append(run("select status from invoices where id = 1", on=manual))
        manual.rollback()
        manual.begin()
        cursor.execute("update invoices set amount = 0 where id = 1")
        cursor.execute("savepoint s")
        cursor.execute("delete from credit_notes")
        cursor.execute("rollback to s")
        seen.append(manual.server_status)
    manual.rollback()
    seen.append(run("select status, amount from invoices where id = 1", on=manual))
    manual.close()
    return seen


for sql in (
    "selec 1",
    "select * from nowhere",
    "select nowhere from accounts",
    "insert into accounts select * from accounts limit 1",
    "insert into invoices (account_id, number, amount, status, issued_at) values (0, 'none', 1, 'open', now())",
    "insert into accounts (id) values (null)",
    "update invoices set amount = 'not a number' where id = 1",
    "select * from mysql.nothing",
    "drop table nowhere",
    "signal sqlstate '45000' set message_text = 'enough', mysql_errno = 31001",
    "",
):

    @step(f"an error: {sql}")
    def _():
        return run(sql)


@step("warnings")
def _():
    run("create or replace temporary table narrow (a tinyint)")
    run("insert ignore into narrow values (1000), (-1000), ('x')")
    with connection.cursor() as cursor:
        cursor.execute("show warnings")
        seen = cursor.fetchall()
    return seen, connection.show_warnings()


@step("rows that matched and rows that changed")
def _():
    found = connect(client_flag=CLIENT.FOUND_ROWS, autocommit=True)
    changed = connect(client_flag=0, autocommit=True)
    seen = [run("update invoices set status = status where id < 10", on=one) for one in (found, changed)]
    found.close()
    changed.close()
    return seen


@step("LOAD DATA LOCAL")
def _():
    run("create or replace temporary table inbox (a int, b text)")
    with tempfile.NamedTemporaryFile("w", suffix=".tsv") as file:
        file.writelines(f"{n}\trow {n}\n" for n in range(5000))
        file.flush()
        loaded = run(f"load data local infile '{file.name}' into table inbox")
    return loaded, run("select count(*), sum(a) from inbox")


@step("LOAD DATA LOCAL of a file that is not there")
def _():
    return run("load data local infile '/nowhere/at/all' into table inbox")


@step("the same connection goes on")
def _():
    return run("select count(*) from inbox"), connection.ping(reconnect=False)


@step("a large value in both directions")
def _():
    return run("select length(%s), %s", (b"\x01" * 300_000, "y" * 300_000))[3][0][0], len(run("select repeat('z', 5000000)")[3][0][0])


@step("kill from another connection")
def _():
    victim, killer = connect(), connect()
    watcher = connect(autocommit=True)

    def kill():
        while not run("select 1 from information_schema.processlist where info = 'select sleep(33)' and state = 'User sleep'", on=watcher)[0]:
            pass
        with killer.cursor() as cursor:
            cursor.execute(f"kill query {victim.thread_id()}")

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        seen = run("select sleep(33)", on=victim)[3]
    except pymysql.Error as error:
        seen = error.args
    thread.join()
    again = run("select 'goes on'", on=victim)[3]
    for one in (victim, killer, watcher):
        one.close()
    return seen, again


@step("a connection that is killed")
def _():
    victim = connect()
    connection.kill(victim.thread_id())
    try:
        while True:
            run("select 1", on=victim)
    except pymysql.Error as error:
        return type(error).__name__, error.args[0]


@step("another database")
def _():
    other = connect()
    other.select_db("information_schema")
    seen = run("select database()", on=other)
    try:
        other.select_db("nowhere")
    except pymysql.Error as error:
        seen = seen, error.args
    other.close()
    return seen


@step("TLS, verified")
def _():
    secure = connect(ssl={"ca": authority, "check_hostname": True})
    seen = run("select 'in', @@character_set_results", on=secure), secure._secure
    secure.close()
    return seen


for charset in ("latin1", "utf8mb4", "ascii"):

    @step(f"the character set {charset}")
    def _():
        other = connect(charset=charset, use_unicode=True)
        seen = run("select _utf8mb4'abc', @@collation_connection, @@character_set_results, 'x'", on=other)
        other.close()
        return seen


@step("an init command and an SQL mode")
def _():
    other = connect(init_command="set time_zone = '+09:00'", sql_mode="STRICT_ALL_TABLES")
    seen = run("select @@time_zone, @@sql_mode", on=other)
    other.close()
    return seen


@step("after all of it")
def _():
    return run("select status, count(*) from invoices group by status order by status")
