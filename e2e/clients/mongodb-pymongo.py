"""A program over PyMongo: each step prints its name and what it saw. Run once directly, once through the gateway."""

import datetime
import sys
import warnings

from bson import Binary, Decimal128, Int64, ObjectId, Regex, json_util
from pymongo import ASCENDING, DESCENDING, InsertOne, MongoClient, ReturnDocument, UpdateOne, WriteConcern
from pymongo.errors import BulkWriteError, PyMongoError

warnings.simplefilter("ignore")
client = MongoClient(sys.argv[1], serverSelectionTimeoutMS=10000, retryReads=False)
db = client["compared_py"]
client.drop_database(db.name)
things = db["things"]


def show(value):
    return json_util.dumps(value, json_options=json_util.CANONICAL_JSON_OPTIONS, sort_keys=True, default=str)


def step(name, run):
    try:
        seen = run()
    except BulkWriteError as error:
        details = error.details
        errors = [(each["index"], each["code"], each["errmsg"]) for each in details["writeErrors"]]
        seen = ["BulkWriteError", details["nInserted"], errors]
    except PyMongoError as error:
        seen = [type(error).__name__, getattr(error, "code", None), str(error).split(", full error")[0]]
    print(name, "=>", show(seen))


def types():
    document = {
        "_id": ObjectId("65a1b2c3d4e5f60718293a4b"),
        "int": 7,
        "long": Int64(2**53 + 1),
        "float": 1.5,
        "decimal": Decimal128("0.1"),
        "text": "ünï",
        "none": None,
        "date": datetime.datetime(2026, 2, 28, 23, 59, 59, 999000),
        "bytes": Binary(b"\x00\xff", 5),
        "pattern": Regex("^a", "im"),
        "list": [1, [2, {"three": None}]],
    }
    things.insert_one(document)
    return things.find_one()


def batches():
    db["rows"].insert_many([{"_id": n, "n": n % 5} for n in range(300)])
    return [row["_id"] for row in db["rows"].find(batch_size=50).sort("_id", DESCENDING)][:3] + [
        len(list(db["rows"].find(batch_size=7, limit=100)))
    ]


def transaction():
    with client.start_session() as session:
        with session.start_transaction():
            db["accounts"].insert_one({"_id": 1, "n": 1}, session=session)
            inside = db["accounts"].count_documents({}, session=session)
        session.start_transaction()
        db["accounts"].update_one({"_id": 1}, {"$inc": {"n": 5}}, session=session)
        session.abort_transaction()
    return [inside, db["accounts"].find_one()]


def modify():
    return [
        db["rows"].find_one_and_update({"_id": 1}, {"$set": {"x": 1}}, return_document=ReturnDocument.AFTER),
        db["rows"].find_one_and_delete({"_id": 2}),
        db["rows"].update_many({"n": 3}, {"$set": {"hit": True}}).raw_result["nModified"],
        db["rows"].delete_many({"n": 4}).deleted_count,
    ]


def bulk():
    requests = [InsertOne({"_id": 1000}), UpdateOne({"_id": 1}, {"$inc": {"n": 1}}), InsertOne({"_id": 1000})]
    return db["rows"].bulk_write(requests, ordered=False).bulk_api_result


def pipeline():
    stages = [{"$match": {"n": {"$lt": 3}}}, {"$group": {"_id": "$n", "c": {"$sum": 1}}}, {"$sort": {"_id": 1}}]
    return list(db["rows"].aggregate(stages))


step("types", types)
step("batches", batches)
step("transaction", transaction)
step("modify", modify)
step("bulk", bulk)
step("pipeline", pipeline)
step("index", lambda: [db["rows"].create_index([("n", ASCENDING)]), sorted(db["rows"].index_information())])
step("unique", lambda: [db["rows"].create_index("x", unique=True, sparse=True), db["rows"].insert_one({"x": 1})])
step("distinct", lambda: sorted(db["rows"].distinct("n")))
step("write concern", lambda: db.get_collection("w", write_concern=WriteConcern(w=1, j=True)).insert_one({"_id": 1}).acknowledged)
step("unacknowledged", lambda: db.get_collection("u", write_concern=WriteConcern(w=0)).insert_one({"_id": 1}).acknowledged)
step("unknown command", lambda: db.command("noSuchCommand"))
step("unknown operator", lambda: db["rows"].find_one({"n": {"$nope": 1}}))
step("collections", lambda: sorted(db.list_collection_names()))
step("server", lambda: client.server_info()["version"])
step("after all of it", lambda: db["rows"].count_documents({}))
client.close()
