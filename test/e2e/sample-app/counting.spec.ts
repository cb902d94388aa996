import { brokers, describeBrokers } from '../../support/brokers.js';
import { countingSuite } from './counting.suite.js';
import { usePostgres } from './database.js';

const postgres = usePostgres();

describeBrokers(
  'events that come early, or again',
  (row) => countingSuite(row, postgres),
  brokers.filter(({ name }) => name === 'embedded'),
);
