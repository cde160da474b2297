import {randomUUID} from 'node:crypto';
import {createRequire} from 'node:module';
import {thrift as driver} from '@databricks/sql';
import type {ResultSet, StagingResult} from './delta-engine.ts';
import type {SparkError} from './spark-error.ts';

const types = driver.TCLIService_types;

/** The Thrift library that the driver itself brings. */
export const thriftLibrary = createRequire(
  createRequire(import.meta.url).resolve('@databricks/sql'),
)('thrift') as {
  readonly TBufferedTransport: {
    new (buffer: undefined, callback: (message: Buffer) => void): object;
    receiver(callback: (transport: object) => void, sequence: number): (data: Buffer) => void;
  };
  readonly TBinaryProtocol: new (transport: object) => object;
};

const Int64 = createRequire(createRequire(import.meta.url).resolve('@databricks/sql'))(
  'node-int64',
) as new (value: number) => never;

export const success = new types.TStatus({statusCode: types.TStatusCode.SUCCESS_STATUS});

export function failure(errorMessage: string) {
  return new types.TStatus({statusCode: types.TStatusCode.ERROR_STATUS, errorMessage});
}

/** The id that a handle of the driver's carries. */
export function idOf(handle: {readonly guid: Buffer}): string {
  return handle.guid.toString('hex');
}

/** A handle's id: the driver refuses what is no UUID. */
export function newIdentifier() {
  const guid = Buffer.from(randomUUID().replaceAll('-', ''), 'hex');
  return new types.THandleIdentifier({guid, secret: guid});
}

/** What the operation has come to. */
export type Outcome =
  | {readonly state: 'running'}
  | {readonly state: 'finished'; readonly result: ResultSet | StagingResult}
  | {readonly state: 'failed'; readonly error: SparkError};

export function operationStatus(outcome: Outcome) {
  if (outcome.state === 'failed') {
    return new types.TGetOperationStatusResp({
      status: success,
      operationState: types.TOperationState.ERROR_STATE,
      sqlState: outcome.error.sqlState,
      displayMessage: outcome.error.message,
      errorMessage: outcome.error.message,
    });
  }
  const isFinished = outcome.state === 'finished';
  return new types.TGetOperationStatusResp({
    status: success,
    operationState: isFinished
      ? types.TOperationState.FINISHED_STATE
      : types.TOperationState.RUNNING_STATE,
    ...(isFinished && {hasResultSet: columnsOf(outcome.result).length > 0}),
  });
}

export function resultSetMetadata(result: ResultSet | StagingResult) {
  const columns = columnsOf(result).map(
    (columnName, at) =>
      new types.TColumnDesc({
        columnName,
        position: at + 1,
        typeDesc: new types.TTypeDesc({
          types: [
            new types.TTypeEntry({
              primitiveEntry: new types.TPrimitiveTypeEntry({
                type: columnName === 'headers' ? types.TTypeId.MAP_TYPE : types.TTypeId.STRING_TYPE,
              }),
            }),
          ],
        }),
      }),
  );
  return new types.TGetResultSetMetadataResp({
    status: success,
    schema: new types.TTableSchema({columns}),
    resultFormat: types.TSparkRowSetType.COLUMN_BASED_SET,
    isStagingOperation: 'staging' in result,
  });
}

/** All rows, or none where they have been fetched; `presign` makes the address of a file in a volume. */
export function rowSet(
  result: ResultSet | StagingResult,
  presign: (path: string) => string,
  isFetched: boolean,
) {
  const all = 'staging' in result ? [stagingRow(result, presign)] : result.rows;
  const rows = isFetched ? [] : all;
  const columns = columnsOf(result).map((_, at) => {
    const nulls = Buffer.alloc(Math.ceil(rows.length / 8));
    const values = rows.map((row, index) => {
      const value = row[at] ?? null;
      if (value === null) nulls[index >> 3] = (nulls[index >> 3] as number) | (1 << (index & 7));
      return value ?? '';
    });
    return new types.TColumn({stringVal: new types.TStringColumn({values, nulls})});
  });
  return new types.TFetchResultsResp({
    status: success,
    hasMoreRows: false,
    results: new types.TRowSet({startRowOffset: new Int64(0), rows: [], columns}),
  });
}

function columnsOf(result: ResultSet | StagingResult): readonly string[] {
  if (!('staging' in result)) return result.columns;
  const columns = ['operation', 'presignedUrl', 'headers'];
  return result.localFile === undefined ? columns : [...columns, 'localFile'];
}

function stagingRow(
  {staging, path, localFile}: StagingResult,
  presign: (path: string) => string,
): (string | null)[] {
  return [staging, presign(path), '{}', localFile ?? null];
}
