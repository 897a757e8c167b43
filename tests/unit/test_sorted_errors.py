"""Which of the database's errors are the content's fault: only those may make a dead letter."""

import psycopg
import pytest
from psycopg import errors as pg
from psycopg_pool import PoolTimeout

from hub.errors import StoreRefused, StoreUnavailable
from hub.store.pool import sorted_errors

NOBODYS_FAULT = [
    pg.DiskFull,
    pg.OutOfMemory,
    pg.TooManyConnections,
    pg.AdminShutdown,
    pg.CrashShutdown,
    pg.CannotConnectNow,
    pg.ReadOnlySqlTransaction,
    pg.IdleInTransactionSessionTimeout,
    pg.InFailedSqlTransaction,
    pg.QueryCanceled,
    pg.LockNotAvailable,
    pg.DeadlockDetected,
    pg.SerializationFailure,
    pg.DataCorrupted,
    pg.IndexCorrupted,
    pg.InternalError_,
    pg.IoError,
    pg.UndefinedTable,
    pg.UndefinedFunction,
    pg.InsufficientPrivilege,
    pg.InvalidCatalogName,
    pg.InvalidSchemaName,
    psycopg.OperationalError,
    psycopg.InterfaceError,
    PoolTimeout,
    ConnectionResetError,
    TimeoutError,
]
THE_CONTENTS_FAULT = [
    pg.NumericValueOutOfRange,
    pg.InvalidTextRepresentation,
    pg.UntranslatableCharacter,
    pg.DatetimeFieldOverflow,
    pg.ForeignKeyViolation,
    pg.CheckViolation,
    pg.NotNullViolation,
    pg.FeatureNotSupported,
    pg.ProgramLimitExceeded,
    psycopg.DataError,
    psycopg.ProgrammingError,
]


@pytest.mark.parametrize("kind", NOBODYS_FAULT)
def test_what_no_message_is_to_blame_for_is_tried_again(kind: type[Exception]) -> None:
    with pytest.raises(StoreUnavailable), sorted_errors():
        raise kind("it failed")


@pytest.mark.parametrize("kind", THE_CONTENTS_FAULT)
def test_what_the_content_causes_is_refused(kind: type[Exception]) -> None:
    with pytest.raises(StoreRefused), sorted_errors():
        raise kind("it failed")
