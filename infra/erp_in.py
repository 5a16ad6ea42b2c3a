"""ErpIn: a queue of ours that the ERP sends to, for those inside AWS who would rather send than call the HTTP API."""

from __future__ import annotations

from constructs import Construct

from infra.function import BridgeFunction, Entry
from infra.queue import Purpose, WorkQueue
from infra.site import Site

_ENTRY = Entry(module="erp_in")


class ErpIn(Construct):
    """Whoever in this account is allowed to by their own role may send; nothing is open to other accounts."""

    def __init__(self, scope: Construct, construct_id: str, *, site: Site) -> None:
        super().__init__(scope, construct_id)
        purpose = Purpose("Messages of the ERP", _ENTRY.timeout_s)
        self.work = WorkQueue(self, "Messages", key=site.key, watch=site.watch, purpose=purpose)
        function = BridgeFunction(self, "Function", site=site, entry=_ENTRY)
        function.consumes(self.work, batch=10)
        function.uses_table()
        function.sends_to(site.lanes.values())

    def told(self, site: Site) -> dict[str, str]:
        """What the sender has to know, and the operator's command line."""
        return {
            "ErpInQueueUrl": self.work.queue.queue_url,
            "ErpInDeadUrl": self.work.dead.queue_url,
            "ErpInQueueArn": self.work.queue.queue_arn,
            "QueueKeyArn": site.key.key_arn,
        }
