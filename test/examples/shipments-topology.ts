import {envelope} from '../../src/serde/debezium.ts';
import {jsonSr} from '../../src/serde/format.ts';
import {notNull, struct, varchar} from '../../src/serde/schema.ts';
import {StreamsBuilder} from '../../src/streams/dsl/streams-builder.ts';
import {waitingTopic} from '../../src/streams/dsl/waiting-topic.ts';
import {internalTopic, topic} from '../../src/streams/topic.ts';
import type {Topology} from '../../src/streams/topology/topology.ts';

const id = notNull(varchar());

const Carrier = struct({id, name: varchar(), hotline: varchar()});
const Shipment = struct({shipment_id: id, carrier_id: varchar(), city: varchar()});
const ShipmentEnriched = struct({...Shipment.fields, carrier: varchar(), hotline: varchar()});

export const carriersCdc = topic('postgres.shop.carriers', {
  key: jsonSr(struct({id})),
  value: jsonSr(envelope(Carrier)),
});
export const shipmentsCdc = topic('postgres.shop.shipments', {
  key: jsonSr(struct({shipment_id: id})),
  value: jsonSr(envelope(Shipment)),
});
const carriersById = internalTopic('carriers-by-id', {key: jsonSr(id), value: jsonSr(Carrier)});
export const carriers = topic('carriers', {key: jsonSr(id), value: jsonSr(Carrier)});
const shipmentsById = internalTopic('shipments-by-id', {key: jsonSr(id), value: jsonSr(Shipment)});
const shipmentsByCarrier = internalTopic('shipments-by-carrier', {
  key: jsonSr(id),
  value: jsonSr(Shipment),
});
export const shipmentsEnriched = topic('shipments_enriched', {
  key: jsonSr(id),
  value: jsonSr(ShipmentEnriched),
});

/** Tells with each shipment whom to call; a shipment whose carrier is not known yet waits for it. */
export function shipmentsTopology(): Topology {
  const builder = new StreamsBuilder();

  const carrierTable = builder
    .stream(carriersCdc)
    .mapValues((change) => change.after)
    .repartition(carriersById, (_carrier, key) => key.id)
    .toTable(carriers);

  const shipments = builder
    .stream(shipmentsCdc)
    .flatten((change) => change.after)
    .repartition(shipmentsById, (shipment) => shipment.shipment_id);

  shipments
    .repartition(shipmentsByCarrier, (shipment) => shipment.carrier_id)
    .join(
      carrierTable,
      (shipment, carrier) => ({...shipment, carrier: carrier.name, hotline: carrier.hotline}),
      {
        onMiss: 'wait',
        store: waitingTopic('shipments-waiting', Shipment),
        id: (shipment) => shipment.shipment_id,
        supersededBy: shipments,
      },
    )
    .to(shipmentsEnriched, (shipment) => shipment.shipment_id);

  return builder.build();
}
