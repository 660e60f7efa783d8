"""How the registry says no: a status and the error body of the OCI distribution specification, "Error Codes"."""

import attrs
import msgspec


@attrs.frozen
class Complaint:
    """One error of an error body."""

    code: str
    message: str
    detail: object = None


class Refusal(Exception):
    """A request cannot be granted; `headers` go with the answer."""

    def __init__(self, status: int, *complaints: Complaint, headers: dict[str, str] | None = None) -> None:
        self.status = status
        self.complaints = complaints
        self.headers = headers or {}
        said = "; ".join(f"{complaint.code}: {complaint.message}" for complaint in complaints)
        super().__init__(f"status {status}: {said}")

    def body(self) -> bytes:
        """The error body, as JSON."""
        return msgspec.json.encode({"errors": [attrs.asdict(complaint) for complaint in self.complaints]})


def refusal(
    status: int, code: str, message: str, detail: object = None, headers: dict[str, str] | None = None
) -> Refusal:
    """A refusal with one error."""
    return Refusal(status, Complaint(code, message, detail), headers=headers)
