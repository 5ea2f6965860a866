"""A queue of our own that speaks Amazon SQS' JSON protocol: at least once, hidden while somebody has it, gone when deleted."""

import json
from typing import Any

from tests.loaders.vendor_server import Answer, Request, VendorServer

ACCOUNT = "111122223333"


class SqsQueue:
    """`bodies` by message id. `reveal` is what time does: what was received and not deleted can be received again."""

    def __init__(self, server: VendorServer) -> None:
        self.server = server
        self.bodies: dict[str, str] = {}
        self.hidden: set[str] = set()
        self.deleted: list[str] = []
        self.twice = False  # a message is given twice at once, as SQS may
        server.routes["POST /"] = self.answer

    @property
    def url(self) -> str:
        return f"{self.server.url}/{ACCOUNT}/trail-notices"

    def send(self, *bodies: Any) -> None:
        for body in bodies:
            text = body if isinstance(body, str) else json.dumps(body)
            self.bodies[f"m{len(self.bodies) + len(self.deleted)}"] = text

    def reveal(self) -> None:
        self.hidden.clear()

    def answer(self, request: Request) -> Answer:
        asked = json.loads(request.body)
        if asked["QueueUrl"] != self.url:
            told = {"__type": "com.amazonaws.sqs#QueueDoesNotExist", "message": "The queue does not exist."}
            return Answer(told, 400)
        what = request.headers["x-amz-target"].removeprefix("AmazonSQS.")
        return Answer(
            getattr(self, f"_{what}")(asked), headers={"Content-Type": "application/x-amz-json-1.0"}
        )

    def _ReceiveMessage(self, asked: dict[str, Any]) -> dict[str, Any]:
        seen = [name for name in self.bodies if name not in self.hidden][: asked["MaxNumberOfMessages"]]
        if not self.twice:
            self.hidden |= set(seen)
        self.twice = False
        return {
            "Messages": [
                {"MessageId": name, "ReceiptHandle": f"receipt-{name}", "Body": self.bodies[name]}
                for name in seen
            ]
        }

    def _DeleteMessageBatch(self, asked: dict[str, Any]) -> dict[str, Any]:
        names = [entry["ReceiptHandle"].removeprefix("receipt-") for entry in asked["Entries"]]
        for name in names:
            self.bodies.pop(name, None)
        self.deleted += names
        return {"Successful": [{"Id": entry["Id"]} for entry in asked["Entries"]], "Failed": []}

    def _GetQueueAttributes(self, asked: dict[str, Any]) -> dict[str, Any]:
        return {"Attributes": {"ApproximateNumberOfMessages": str(len(self.bodies))}}
