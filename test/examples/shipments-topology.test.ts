import {beforeEach, describe, expect, test} from 'vitest';
import {TopologyTestDriver} from '../../src/streams/testing/topology-test-driver.ts';
import {
  carriers,
  carriersCdc,
  shipmentsCdc,
  shipmentsEnriched,
  shipmentsTopology,
} from './shipments-topology.ts';

const created = {op: 'c', before: null} as const;
const snail = {id: 'snail', name: 'Snail Mail', hotline: '555-0100'};
const parcel = {shipment_id: 's1', carrier_id: 'snail', city: 'Turin'};

describe('shipmentsTopology', () => {
  let driver: TopologyTestDriver;
  beforeEach(() => {
    driver = new TopologyTestDriver(shipmentsTopology());
  });

  test('tells whom to call about a shipment', () => {
    driver.input(carriersCdc).pipe({id: 'snail'}, {...created, after: snail});

    driver.input(shipmentsCdc).pipe({shipment_id: 's1'}, {...created, after: parcel});

    expect(driver.output(shipmentsEnriched).read()).toEqual([
      ['s1', {...parcel, carrier: 'Snail Mail', hotline: '555-0100'}],
    ]);
  });

  test('keeps a shipment until its carrier is known', () => {
    driver.input(shipmentsCdc).pipe({shipment_id: 's1'}, {...created, after: parcel});
    expect(driver.output(shipmentsEnriched).read()).toEqual([]);

    driver.input(carriersCdc).pipe({id: 'snail'}, {...created, after: snail});

    expect(driver.table(carriers).get('snail')).toEqual(snail);
    expect(driver.output(shipmentsEnriched).read()).toHaveLength(1);
  });
});
