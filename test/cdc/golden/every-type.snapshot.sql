-- What is there before the connector starts: the initial snapshot.
CREATE EXTENSION hstore;
CREATE EXTENSION ltree;
CREATE EXTENSION citext;
CREATE SCHEMA specimen;
CREATE TYPE specimen.planet AS ENUM ('venus', 'earth', 'mars''s', 'ju"piter', 'sa,turn');
CREATE TYPE specimen.pair AS (left_ integer, right_ text);
CREATE DOMAIN specimen.grade AS smallint CHECK (VALUE BETWEEN 1 AND 6);
CREATE DOMAIN specimen.price AS numeric(9, 2);
CREATE DOMAIN specimen.list_price AS specimen.price CHECK (VALUE >= 0);
CREATE DOMAIN specimen.label AS varchar(12) NOT NULL;
CREATE DOMAIN specimen.instant AS timestamp(3);
CREATE DOMAIN specimen.tags AS text[];

CREATE TABLE specimen.integers (
  id smallint PRIMARY KEY, int2_ smallint, int4_ integer, int8_ bigint, oid_ oid, flag boolean,
  small_serial smallserial, big_serial bigserial, required_int bigint NOT NULL, required_flag boolean NOT NULL);
INSERT INTO specimen.integers VALUES
  (1, -32768, -2147483648, -9223372036854775808, 0, true, 1, 1, 0, false),
  (2, 32767, 2147483647, 9223372036854775807, 4294967295, false, 2, 2, -9007199254740993, true),
  (3, NULL, NULL, NULL, NULL, NULL, 3, 3, 9007199254740993, true);

CREATE TABLE specimen.floats (id bigint PRIMARY KEY, float4_ real, float8_ double precision);
INSERT INTO specimen.floats VALUES
  (1, 0.1, 0.1), (2, 'NaN', 'NaN'), (3, 'Infinity', '-Infinity'), (4, '-Infinity', 'Infinity'), (5, 1e-45, 2.2250738585072014e-308),
  (6, 16777216, 1e21), (7, -0.0, -0.0), (8, NULL, 1.7976931348623157e308), (9, 123456.78, 1e-7), (10, 1e10, 100000000000000000000);

CREATE TABLE specimen.decimals (
  id numeric(4) PRIMARY KEY, unbounded numeric, whole numeric(12), cents numeric(10, 2), fine numeric(30, 20), coarse numeric(4, -3),
  wide numeric(1000, 500), cash money);
INSERT INTO specimen.decimals VALUES
  (1, 0, 0, 0, 0, 0, 0, '0'),
  (2, 1200, 999999999999, 99999999.99, 9999999999.99999999999999999999, 9999000, 1.5, '$1,234,567.89'),
  (3, -0.00012300, -1, -0.01, -0.00000000000000000001, -1000, -1e-500, '-0.05'),
  (4, 1e60, 128, 1.28, 32768, 127000, 1e400, '92233720368547758.07'),
  (5, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
  (6, 255.000, -128, -1.29, 1, 1500, 0.1, '-92233720368547758.08');

CREATE TABLE specimen.unbounded_specials (id integer PRIMARY KEY, any_ numeric, limited numeric(6, 2), after_ text);
INSERT INTO specimen.unbounded_specials VALUES (1, 'NaN', 'NaN', 'a'), (2, 'Infinity', 1, 'b'), (3, '-Infinity', 2, 'c'), (4, 7, 3, 'd');

CREATE TABLE specimen.strings (
  id varchar(10) PRIMARY KEY, one char, padded char(6), bounded varchar(8), endless text, folded citext, named name, byte_ "char",
  "UPPER Case" text, "quote""d" text, "naïve ключ" text, "dot.ted" text, "$dollar" text);
INSERT INTO specimen.strings VALUES
  ('plain', 'a', 'abc', 'bounded', 'endless', 'FoLdEd', 'named', 'b', 'u', 'q', 'n', 'd', '$'),
  ('empty', '', '', '', '', '', '', '', '', '', '', '', ''),
  ('null', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
  ('odd', '"', E'\\', E'\t\r\n', E'\u2028\u2029\u0001\u007f', E'e\u0301 \U0001F469\u200D\U0001F680', '''', '"', 'null', '{}', '[]', E'\b\f', E'\uFEFF');

CREATE TABLE specimen.documents (
  id uuid PRIMARY KEY, json_ json, jsonb_ jsonb, xml_ xml, pairs hstore, path_ ltree, words tsvector, uuid_ uuid);
INSERT INTO specimen.documents VALUES
  ('00000000-0000-4000-8000-000000000001', '{"z" : 1,  "a":[1, 2.50, {"z":null}], "z":2}', '{"z" : 1,  "a":[1, 2.50, {"z":null}], "z":2}', '<r><e a="1">text</e></r>',
   '"a"=>"1", "b"=>NULL, "quo\"te"=>"back\\slash", "empty"=>""', 'Top.Science.Astronomy', 'fat:2 cat:3', 'FFFFFFFF-ffff-FFFF-ffff-FFFFFFFFFFFF'),
  ('00000000-0000-4000-8000-000000000002', 'null', 'null', '', '', '', '', NULL),
  ('00000000-0000-4000-8000-000000000003', '"\u0000 text"', '"text"', NULL, NULL, NULL, NULL, '00000000-0000-0000-0000-000000000000'),
  ('00000000-0000-4000-8000-000000000004', ' 1E400 ', '123456789012345678901234567890.5', '<a/>', '"1"=>"x","0"=>"y"', 'a', '''it''''s'':1A', NULL);

CREATE TABLE specimen.binaries (id char(2) PRIMARY KEY, bytes bytea, bit1 bit, bit4 bit(4), bit9 bit(9), bits varbit, bits1 varbit(1), bits20 varbit(20), bit64 bit(64));
INSERT INTO specimen.binaries VALUES
  ('a', '\x', B'0', B'0000', B'000000001', B'', B'', B'', B'1000000000000000000000000000000000000000000000000000000000000001'),
  ('b', '\x00fbff3e3f', B'1', B'1010', B'100000000', B'1', B'1', B'00000000000000000001', B'1111111111111111111111111111111111111111111111111111111111111111'),
  ('c', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
  ('d', '\xc0ffee', B'1', B'1111', B'101010101', B'110011001100110011001100', B'0', B'10101010101010101010', B'0000000000000000000000000000000000000000000000000000000000000000');

CREATE TABLE specimen.moments (
  id date PRIMARY KEY, time_ time, time0 time(0), time2 time(2), time3 time(3), time4 time(4), timetz_ timetz, timetz0 timetz(0), timetz3 timetz(3),
  ts timestamp, ts0 timestamp(0), ts2 timestamp(2), ts3 timestamp(3), ts4 timestamp(4),
  tstz timestamptz, tstz0 timestamptz(0), tstz2 timestamptz(2), tstz3 timestamptz(3));
INSERT INTO specimen.moments VALUES
  ('2024-02-29', '23:59:59.999999', '12:00:00', '12:00:00.12', '12:00:00.123', '12:00:00.1234', '10:11:12.131415-03:30', '10:11:12+00', '10:11:12.131+14',
   '2024-02-29 23:59:59.999999', '2024-02-29 23:59:59', '2024-02-29 23:59:59.12', '2024-02-29 23:59:59.123', '2024-02-29 23:59:59.1234',
   '2024-02-29 23:59:59.999999-11', '2024-02-29 23:59:59+00', '2024-02-29 23:59:59.12+00', '2024-02-29 23:59:59.123+00'),
  ('1970-01-01', '00:00:00', '00:00:00', '00:00:00', '00:00:00', '00:00:00', '00:00:00+00', '23:00:00-02', '01:00:00+02',
   '1970-01-01 00:00:00', '1970-01-01 00:00:00', '1970-01-01 00:00:00', '1970-01-01 00:00:00', '1970-01-01 00:00:00',
   '1970-01-01 00:00:00+00', '1970-01-01 00:00:00+00', '1970-01-01 00:00:00+00', '1970-01-01 00:00:00+00'),
  ('1582-10-15', '01:02:03.4', '01:02:03', '01:02:03.4', '01:02:03.4', '01:02:03.4', '01:02:03.4+05:45', NULL, '01:02:03.4+00',
   '1582-10-15 00:00:00.000001', '1883-11-18 12:03:58', '1900-01-01 00:00:00.5', '1969-12-31 23:59:59.999', '1969-12-31 23:59:59.9999',
   '1582-10-15 00:00:00.5+00', '1883-11-18 12:03:58+00', '1900-01-01 00:00:00.5+00', '1969-12-31 23:59:59.999+00'),
  ('9999-12-31', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);

CREATE TABLE specimen.far_moments (id integer PRIMARY KEY, date_ date, time_ time, timetz_ timetz, ts timestamp, ts3 timestamp(3), tstz timestamptz, tstz3 timestamptz(3));
INSERT INTO specimen.far_moments VALUES
  (1, '0001-01-01', '24:00:00', '00:00:00+15:59', '0001-01-01 00:00:00', '0001-01-01 00:00:00', '0001-01-01 00:00:00+00', '0001-01-01 00:00:00+00'),
  (2, '0044-03-15 BC', NULL, '23:59:59-15:59', '0044-03-15 12:00:00 BC', '0044-03-15 12:00:00 BC', '0044-03-15 12:00:00.25+00 BC', '0044-03-15 12:00:00+00 BC'),
  (3, '4713-01-01 BC', NULL, NULL, '4713-01-01 00:00:00 BC', '4713-01-01 00:00:00 BC', '4713-01-01 00:00:00+00 BC', '4713-01-01 00:00:00+00 BC'),
  (4, '5874897-12-31', NULL, NULL, '294276-12-31 23:59:59.999999', '294276-12-31 23:59:59.999', '294276-12-31 23:59:59.999999+00', '294276-12-31 23:59:59.999+00'),
  (5, '10000-01-01', NULL, NULL, '10000-01-01 00:00:00', '10000-01-01 00:00:00', '10000-01-01 00:00:00+00', '10000-01-01 00:00:00+00'),
  (6, NULL, NULL, NULL, 'infinity', 'infinity', 'infinity', 'infinity'),
  (7, NULL, NULL, NULL, '-infinity', '-infinity', '-infinity', '-infinity'),
  (8, 'infinity', NULL, NULL, NULL, NULL, NULL, NULL),
  (9, '-infinity', NULL, NULL, NULL, NULL, NULL, NULL);

CREATE TABLE specimen.durations (id integer PRIMARY KEY, span interval, months interval year to month, exact_ interval second(3));
INSERT INTO specimen.durations VALUES
  (1, '0', '0', '0'),
  (2, '1 year 2 mons 3 days 04:05:06.78', '3 years 4 mons', '59.999'),
  (3, '-1 year -2 mons +3 days -04:05:06.78', '-1 mons', '-0.001'),
  (4, '100 years 36500 days 240:00:00.000001', NULL, NULL),
  (5, '1 mon -1 days', '1 year', '3600'),
  (6, '-00:00:00.5', NULL, '01:00:00.5');

CREATE TABLE specimen.places (id cidr PRIMARY KEY, inet_ inet, mac macaddr, mac8 macaddr8, point_ point, line_ line, lseg_ lseg, box_ box, path_ path, polygon_ polygon, circle_ circle);
INSERT INTO specimen.places VALUES
  ('10.0.0.0/8', '10.1.2.3/16', '08:00:2b:01:02:03', '08:00:2b:01:02:03:04:05', '(1.5,-2.25)', '{1,-1,0}', '[(0,0),(1,1)]', '(1,1),(0,0)', '[(0,0),(1,1)]', '((0,0),(1,1),(1,0))', '<(0,0),1>'),
  ('2001:db8::/32', '::1', NULL, NULL, '(1e300,0)', NULL, NULL, NULL, NULL, NULL, NULL),
  ('192.168.1.1/32', '192.168.1.1', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);

CREATE TABLE specimen.ranges (
  id integer PRIMARY KEY, int4range_ int4range, int8range_ int8range, numrange_ numrange, tsrange_ tsrange, tstzrange_ tstzrange, daterange_ daterange,
  int4multirange_ int4multirange, last_ text);
INSERT INTO specimen.ranges VALUES
  (1, '[1,5]', '(1,9223372036854775806]', '[1.50,2)', '[2024-01-01 00:00,2024-01-02 12:30:00.5)', '[2024-01-01 00:00+02,2024-01-02 00:00+00]', '[2024-01-01,2024-12-31]', '{[1,3),[5,6)}', 'x'),
  (2, 'empty', '(,)', '(,5]', '(,infinity)', '[-infinity,)', 'empty', '{}', 'y'),
  (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'z');

CREATE TABLE specimen.number_arrays (
  id integer PRIMARY KEY, int2s smallint[], int4s integer[], int8s bigint[], oids oid[], float4s real[], float8s double precision[], bools boolean[],
  numerics numeric[], cents numeric(8, 2)[], cash money[], last_ text);
INSERT INTO specimen.number_arrays VALUES
  (1, '{1,NULL,-3}', '{2147483647,NULL}', '{9223372036854775807,-9007199254740993,NULL}', '{4294967295}', '{1.5,NULL,-2}', '{0.1,1e300}', '{t,NULL,f}', '{1.50,NULL,-300}', '{1.5,NULL}', '{1.00}', 'x'),
  (2, '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', 'y'),
  (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'z'),
  (4, '[5:6]={1,2}', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'bounds');

CREATE TABLE specimen.text_arrays (
  id integer PRIMARY KEY, texts text[], varchars varchar(5)[], chars char(3)[], citexts citext[], names name[], uuids uuid[], jsons json[], jsonbs jsonb[], xmls xml[],
  byteas bytea[], planets specimen.planet[], pairs hstore[], paths ltree[], inets inet[], cidrs cidr[], macs macaddr[], last_ text);
INSERT INTO specimen.text_arrays VALUES
  (1, '{a,NULL,"NULL","","b c","d\"e","f\\g","h,i","{j}"}', '{abc}', '{a,bc}', '{Ci}', '{n}', '{00000000-0000-4000-8000-000000000001,NULL}', ARRAY['{"a" : 1}', NULL]::json[], ARRAY['[1,  2]']::jsonb[],
   ARRAY['<a/>']::xml[], ARRAY['\x00ff', NULL]::bytea[], '{earth,NULL,"sa,turn"}', ARRAY['a=>1', NULL]::hstore[], '{a.b}', '{10.0.0.1,NULL}', '{10.0.0.0/8}', '{08:00:2b:01:02:03}', 'x'),
  (2, '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', 'y'),
  (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'z');

CREATE TABLE specimen.time_arrays (
  id integer PRIMARY KEY, dates date[], times time[], times3 time(3)[], timetzs timetz[], stamps timestamp[], stamps3 timestamp(3)[], stamptzs timestamptz[], intervals interval[],
  int4ranges int4range[], int8ranges int8range[], numranges numrange[], tsranges tsrange[], tstzranges tstzrange[], dateranges daterange[],
  bits bit(3)[], varbits varbit[], points point[], last_ text);
INSERT INTO specimen.time_arrays VALUES
  (1, '{2024-02-29,NULL,0001-01-01}', '{12:34:56.789012,NULL}', '{12:34:56.789}', '{12:34:56.5+02}', '{"2024-02-29 12:34:56.789012",NULL}', '{"2024-02-29 12:34:56.789"}', '{"2024-02-29 12:34:56.789012+02",NULL}', '{"1 day"}',
   '{"[1,5)",NULL}', '{"[1,5)"}', '{"[1.5,5)"}', '{"[2024-01-01,2024-01-02)"}', '{"[2024-01-01 00:00+00,2024-01-02 00:00+00)"}', '{"[2024-01-01,2024-01-02)"}', '{101}', '{1}', '{"(1,2)"}', 'x'),
  (2, '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', 'y'),
  (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'z');

CREATE TABLE specimen.nested_arrays (id integer PRIMARY KEY, grid integer[][], words text[][], last_ text);
INSERT INTO specimen.nested_arrays VALUES (1, '{1,2}', '{a}', 'flat'), (2, '{{1,2},{3,NULL}}', '{{a,b},{c,"d}"}}', 'nested');

CREATE TABLE specimen.domains (
  id integer PRIMARY KEY, grade_ specimen.grade, price_ specimen.price, list_price_ specimen.list_price, label_ specimen.label, instant_ specimen.instant, tags_ specimen.tags, grades specimen.grade[], last_ text);
INSERT INTO specimen.domains VALUES (1, 6, 1.5, 2.25, 'label', '2024-01-02 03:04:05.678', '{a,b}', '{1,2}', 'x'), (2, NULL, NULL, NULL, '', NULL, NULL, NULL, 'y');

CREATE TABLE specimen.oddities (
  id integer PRIMARY KEY, pair_ specimen.pair, lsn_ pg_lsn, query_ tsquery, xid_ xid, class_ regclass, path_ jsonpath, cursor_ refcursor, snapshot_ txid_snapshot, planet_ specimen.planet,
  doubled integer GENERATED ALWAYS AS (id * 2) STORED, identity_ integer GENERATED ALWAYS AS IDENTITY);
INSERT INTO specimen.oddities (id, pair_, lsn_, query_, xid_, class_, path_, cursor_, snapshot_, planet_) VALUES
  (1, '(1,"a,b")', '16/B374D848', 'fat & rat', '4294967295', 'pg_class', '$.a', NULL, '10:20:10,14', 'mars''s'), (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);

-- NOT NULL columns outside of the replica identity: a delete does not bring them.
CREATE TABLE specimen.required (
  id integer PRIMARY KEY, int2_ smallint NOT NULL, int8_ bigint NOT NULL, oid_ oid NOT NULL, flag boolean NOT NULL, float4_ real NOT NULL, float8_ double precision NOT NULL,
  unbounded numeric NOT NULL, cents numeric(8, 2) NOT NULL, cash money NOT NULL, text_ text NOT NULL, char_ char(3) NOT NULL, uuid_ uuid NOT NULL, json_ jsonb NOT NULL, xml_ xml NOT NULL,
  hstore_ hstore NOT NULL, ltree_ ltree NOT NULL, bytes bytea NOT NULL, bit1 bit NOT NULL, bit4 bit(4) NOT NULL, date_ date NOT NULL, time_ time NOT NULL, time3 time(3) NOT NULL, timetz_ timetz NOT NULL,
  ts timestamp NOT NULL, ts3 timestamp(3) NOT NULL, tstz timestamptz NOT NULL, tstz3 timestamptz(3) NOT NULL, span interval NOT NULL, planet_ specimen.planet NOT NULL, inet_ inet NOT NULL,
  range_ int4range NOT NULL, point_ point NOT NULL, ints integer[] NOT NULL, words tsvector NOT NULL);
INSERT INTO specimen.required VALUES (1, 1, 1, 1, true, 1, 1, 1, 1, 1, 'a', 'a', '00000000-0000-4000-8000-000000000001', '1', '<a/>', '', 'a', '\x01', B'1', B'1010', '2024-01-01', '01:00', '01:00', '01:00+00',
  '2024-01-01', '2024-01-01', '2024-01-01', '2024-01-01', '1 day', 'earth', '::1', '[1,2)', '(1,1)', '{1}', 'a');

CREATE TABLE specimen.toasted (
  id integer PRIMARY KEY, n integer, text_ text, varchar_ varchar, citext_ citext, json_ json, jsonb_ jsonb, xml_ xml, bytes bytea, hstore_ hstore, words tsvector, unbounded numeric, bounded numeric(1000, 0), bits varbit,
  texts text[], int4s integer[], int8s bigint[], dates date[], uuids uuid[], jsons jsonb[], bools boolean[], float8s double precision[], numerics numeric(8, 2)[], stamps timestamp[], stamptzs timestamptz[], byteas bytea[], planets specimen.planet[]);
CREATE TABLE specimen.defaults (
  id integer PRIMARY KEY, n integer NOT NULL DEFAULT 7, flag boolean DEFAULT true, word text NOT NULL DEFAULT 'dflt', amount numeric(6, 2) NOT NULL DEFAULT 1.25, at timestamptz NOT NULL DEFAULT now(), day date DEFAULT '2020-02-02', note text);
INSERT INTO specimen.defaults (id, at) VALUES (1, '2024-01-01');
INSERT INTO specimen.defaults VALUES (2, 8, NULL, 'w', 2, '2024-01-01', NULL, NULL);
CREATE TABLE specimen.composite_key (b integer, a text, v integer, PRIMARY KEY (a, b));
CREATE TABLE specimen.keyless (v integer, w text);
ALTER TABLE specimen.keyless REPLICA IDENTITY FULL;
CREATE TABLE specimen.by_index (id integer NOT NULL, code text NOT NULL, v integer);
CREATE UNIQUE INDEX by_index_code ON specimen.by_index (code);
ALTER TABLE specimen.by_index REPLICA IDENTITY USING INDEX by_index_code;
CREATE TABLE specimen.parted (id integer, part integer, v text, PRIMARY KEY (id, part)) PARTITION BY LIST (part);
CREATE TABLE specimen.parted_1 PARTITION OF specimen.parted FOR VALUES IN (1);
CREATE TABLE specimen.parted_2 PARTITION OF specimen.parted FOR VALUES IN (2);
