import {describe, expect, test} from 'vitest';
import {hostsOf, hostsText} from '../../../../src/cdc/postgres/connection/hosts.ts';

describe('hostsOf', () => {
  test('gives each host of a list its own port, or that of the address', () => {
    expect(hostsOf({hostname: 'db1, db2:5433,10.0.0.3', port: 5432})).toEqual([
      {hostname: 'db1', port: 5432},
      {hostname: 'db2', port: 5433},
      {hostname: '10.0.0.3', port: 5432},
    ]);
  });

  test('takes IPv6 addresses, in brackets where they have a port', () => {
    expect(hostsOf({hostname: '::1,[::1]:5433,[fe80::1%eth0]', port: 5432})).toEqual([
      {hostname: '::1', port: 5432},
      {hostname: '::1', port: 5433},
      {hostname: 'fe80::1%eth0', port: 5432},
    ]);
    expect(hostsText({hostname: '::1,db', port: 5432})).toBe('[::1]:5432,db:5432');
  });
});
