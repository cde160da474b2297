import type {TableDefinition} from '../../src/sinks/table-definition.ts';
import {tableDefinition} from '../../src/sinks/table-definition.ts';
import type {SinkBatch, SinkRow} from '../../src/sinks/warehouse-sink.ts';
import {ordersEnriched} from '../../src/topics.ts';

/** The table of `orders_enriched`: sixteen text columns and the partition. */
export const ordersTable: TableDefinition = tableDefinition(ordersEnriched);

/** The batch of `count` rows from an offset on; every second row is a newer version of an order from before, if `updates`. */
export function ordersBatch(startOffset: number, count: number, updates: boolean): SinkBatch {
  const rows = Array.from({length: count}, (_, i) => orderRow(startOffset + i, updates));
  return {rows, startOffset, nextOffset: startOffset + count};
}

function orderRow(offset: number, updates: boolean): SinkRow {
  const isUpdate = updates && offset % 2 === 1 && offset > 1;
  // 2654435761 scatters the updates over all that went before.
  const order = isUpdate ? ((Math.imul(offset, 2654435761) >>> 0) % offset) & ~1 : offset;
  const id = `order-${String(order).padStart(10, '0')}`;
  return {offset, key: id, value: Buffer.from(orderJson(id, offset)), timestamp: 0};
}

/** 16 text columns, 380 bytes of JSON, as the topology writes them. */
function orderJson(id: string, n: number): string {
  const customer = n % 1000;
  return `{"order_id":"${id}","product_id":"product-${n % 500}","size":"${(n % 90) / 10 + 5}","product":"Trail Runner ${n % 500}","department":"Shoes ${n % 12}","price":"${(n % 20000) / 100}","id":"customer-${customer}","first_name":"Ada${customer}","last_name":"Lovelace${customer}","email":"ada.lovelace.${customer}@example.com","phone":"555-01${customer % 100}","street_address":"${customer} Analytical Way","state":"Massachusetts","zip_code":"0${2100 + (customer % 90)}","country":"United States","country_code":"US"}`;
}
