import { brokers, describeBrokers } from '../../support/brokers.js';
import { crashSuite } from './crashes.suite.js';
import { usePostgres } from './database.js';

const postgres = usePostgres();

describeBrokers(
  'three instances of each service',
  (row) => crashSuite(row, postgres),
  brokers.filter(({ name }) => name === 'real'),
);
