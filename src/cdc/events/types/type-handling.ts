/** How values are shown where there is a choice, in Debezium's words and with its defaults. */
export interface TypeHandling {
  /** `decimal.handling.mode`, for numeric and money. */
  readonly decimal: 'precise' | 'string' | 'double';
  /** `time.precision.mode`, for date, time and timestamp; types with a zone are ISO 8601 text in every mode. */
  readonly time:
    | 'adaptive'
    | 'adaptive_time_microseconds'
    | 'connect'
    | 'isostring'
    | 'microseconds'
    | 'nanoseconds';
  /** `interval.handling.mode`. */
  readonly interval: 'numeric' | 'string';
  /** `binary.handling.mode`, for bytea and types that are not known. */
  readonly binary: 'bytes' | 'base64' | 'base64-url-safe' | 'hex';
  /** `hstore.handling.mode`. */
  readonly hstore: 'json' | 'map';
  /** `money.fraction.digits`: the scale of money that is shown as a Decimal. */
  readonly moneyFractionDigits: number;
  /** `include.unknown.datatypes`: columns of other types come as the bytes of their text, instead of not at all. */
  readonly includeUnknown: boolean;
  /** `unavailable.value.placeholder`: stands for a TOAST value that the change left alone and did not bring. */
  readonly unavailableValue: string;
}

export const typeHandlingDefaults: TypeHandling = {
  decimal: 'precise',
  time: 'adaptive',
  interval: 'numeric',
  binary: 'bytes',
  hstore: 'json',
  moneyFractionDigits: 2,
  includeUnknown: false,
  unavailableValue: '__debezium_unavailable_value',
};
