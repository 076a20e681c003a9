"""ROOT files whose events are an RNTuple, ROOT's successor of the TTree: readers of 6.36 and later."""

from typing import ClassVar

from darkmc.core.errors import PhysicsError
from darkmc.core.event_columns import Columns
from darkmc.output.writers.root import RootWriter


class RNTupleWriter(RootWriter):
    """An RNTuple ``events`` of flat fields and a TObjString ``metadata``."""

    name: ClassVar[str] = "root:rntuple"
    suffixes: ClassVar[tuple[str, ...]] = ()

    def append(self, columns: Columns) -> None:
        """Write a cluster."""
        if self._tree is None:
            if not hasattr(self._file, "mkrntuple"):
                raise PhysicsError("RNTuple needs a newer uproot: pip install 'uproot>=5.6'")
            from awkward.forms import NumpyForm, RecordForm

            # names of types would be parsed, which takes 7 ms a column
            fields = [NumpyForm(column.dtype.name) for column in columns.values()]
            self._tree = self._file.mkrntuple("events", RecordForm(fields, list(columns)))
        self._tree.extend(dict(columns))


WRITER = RNTupleWriter
