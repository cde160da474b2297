import {ColumnTypes} from '../src/cdc/events/column-types.ts';
import {EventContext} from '../src/cdc/events/event-context.ts';
import {EventKey} from '../src/cdc/events/event-key.ts';
import {RecordCollector} from '../src/cdc/events/record-collector.ts';
import {rowLayout} from '../src/cdc/events/row-layout.ts';
import {SourcePositionHeader} from '../src/cdc/events/source-position-header.ts';
import {TableEncoder} from '../src/cdc/events/table-encoder.ts';
import {typeHandlingDefaults} from '../src/cdc/events/types/type-handling.ts';
import {decodeCopyRow} from '../src/cdc/postgres/snapshot/copy-text.ts';
import {produceRequest} from '../src/kafka/kafkajs/protocol/produce.ts';
import {sealRecordBatch} from '../src/kafka/kafkajs/record-batch/encode-record-batch.ts';
import {column, relation} from '../test/support/scripted-source.ts';

/*
 * From the text of COPY to Produce requests, without Postgres, sockets and a broker: `npx tsx bench/event-encoding.bench.ts`.
 * The rows are those of `cdc.bench.ts`, 2,000 to a batch.
 */
const ROWS = 2_000;
const BATCHES = 150;
const CHANGES_PER_TRANSACTION = 100;

const orders = relation({
  schema: 'public',
  table: 'orders',
  primaryKey: ['id'],
  columns: [
    column('id', 'int8', {nullable: false}),
    column('customer', 'varchar'),
    column('status', 'varchar'),
    column('amount', 'numeric', {typeModifier: ((12 << 16) | 2) + 4}),
    column('note', 'text'),
    column('placed_at', 'timestamptz'),
  ],
});

const lines = Array.from({length: ROWS}, (_, n) =>
  Buffer.from(
    `${1_000_000 + n}\tcustomer-${n % 1000}\tnew\t${(n % 10_000) / 100}\tleft at the door, ring twice ${n}\t2026-11-27 11:52:03.${100_000 + n}+00\n`,
  ),
);

const context = new EventContext('millrace', 'capture');
const records = new RecordCollector();
const positions = new SourcePositionHeader({name: 'bench', systemId: '7300000000000000000'});
const noHeader = new Uint8Array(0);
const encoder = new TableEncoder(
  orders,
  rowLayout(orders, new ColumnTypes(typeHandlingDefaults), () => undefined),
  {name: 'orders', targets: [{topic: 'orders', partition: 0, id: 0, table: 'public.orders'}]},
  {key: noHeader, value: noHeader},
  {
    key: new EventKey(),
    context,
    sink: records,
    form: {rows: 'envelope', deletes: true, tombstones: true, skipped: 't'},
  },
);

const takenAt = 1_700_000_000_000_000;

function snapshotRows(batch: number): void {
  context.processedAt(takenAt + batch);
  context.snapshot(takenAt, 700, 'true');
  positions.lsn = 1000n;
  const headers = [positions.at(0)];
  for (const line of lines) {
    encoder.read(decodeCopyRow(line, 0, line.length, orders), 1000n, headers);
  }
}

function inserts(batch: number): void {
  context.processedAt(takenAt + batch);
  let lsn = 5_000_000_000n;
  for (const [n, line] of lines.entries()) {
    const ordinal = n % CHANGES_PER_TRANSACTION;
    if (ordinal === 0) {
      context.transaction(takenAt + n, 700 + n, lsn);
      positions.lsn = lsn;
    }
    lsn += 100n;
    const after = decodeCopyRow(line, 0, line.length, orders);
    const change = {kind: 'insert', relation: orders, lsn, before: undefined, after} as const;
    encoder.change(change, positions.at(ordinal + 1));
  }
}

/** Returns the size of the requests. */
function send(): number {
  let size = 0;
  records.mark();
  for (const {topic, partition, records: encoded} of records.take().batches) {
    for (const body of encoded.bodies) {
      const batch = sealRecordBatch(body, {
        producerId: 4000,
        producerEpoch: 1,
        baseSequence: 5,
        isTransactional: true,
        compression: 'none',
      });
      const request = produceRequest('bench', 30_000, [{topic, partition, batch}]);
      for (const part of request.body) size += part.length;
    }
  }
  return size;
}

for (const write of [snapshotRows, inserts]) {
  const run = (batches: number): number => {
    let size = 0;
    for (let batch = 0; batch < batches; batch++) {
      write(batch);
      size += send();
    }
    return size;
  };
  run(BATCHES / 5);
  const before = process.cpuUsage();
  const size = run(BATCHES);
  const {user, system} = process.cpuUsage(before);
  const rows = ROWS * BATCHES;
  console.log(
    `${write.name}: ${((user + system) / rows).toFixed(2)} µs of CPU and ${Math.round(size / rows)} bytes a row; at most ${Math.round(process.resourceUsage().maxRSS / 1024)} MB`,
  );
}
