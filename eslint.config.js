import js from '@eslint/js';
import tseslint from 'typescript-eslint';

/** One handwriting: see CONTRIBUTING.md. */
const handwriting = [
  {
    selector: ':matches(ExpressionStatement > UpdateExpression, ForStatement > UpdateExpression.update)',
    message: "Write 'x += 1'; '++' is for the index of a byte alone.",
  },
  { selector: "ImportSpecifier[importKind='type']", message: 'Import types in a statement of their own: import type.' },
  { selector: 'PropertyDefinition > PrivateIdentifier', message: "Write 'private', not '#'." },
  {
    selector: 'Program > VariableDeclaration > VariableDeclarator > Identifier.id[name=/^[A-Z][A-Z0-9]*_[A-Z0-9_]+$/]',
    message: 'Constants are written in camelCase; only tokens that users import are not.',
  },
];

export default tseslint.config(
  {
    ignores: [
      'dist/**',
      'coverage/**',
      'node_modules/**',
      '.cache/**',
      'docs/**',
      'bench/contestants/**',
      'test/consumers/**',
      'lib/broker/protocol/gen/**',
    ],
  },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'separate-type-imports' }],
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      '@typescript-eslint/no-unnecessary-type-arguments': 'off',
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      'no-console': 'error',
      // Groups of options are declared as classes; what users give, and what is spread, are plain objects.
      '@typescript-eslint/no-misused-spread': 'off',
    },
  },
  {
    files: ['lib/**/*.ts'],
    ignores: ['lib/cli/**'],
    rules: {
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'exit', message: 'Nothing may end the process but its owner.' },
      ],
    },
  },
  {
    // One clock, so that a test can move it; core/clock.ts alone asks the process.
    files: ['lib/{core,nest,monitoring,drivers}/**/*.ts'],
    ignores: ['lib/core/clock.ts'],
    rules: {
      'no-restricted-globals': [
        'error',
        ...['performance', 'setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'].map((name) => ({
          name,
          message: 'Ask the clock of core/clock.ts.',
        })),
      ],
      'no-restricted-imports': [
        'error',
        {
          paths: ['node:timers', 'node:timers/promises', 'timers', 'timers/promises'].map((name) => ({
            name,
            message: 'Ask the clock of core/clock.ts.',
          })),
        },
      ],
    },
  },
  {
    files: ['lib/**/*.ts', 'sample-app/**/*.ts', 'bench/**/*.ts', 'examples/**/*.ts'],
    rules: {
      'no-restricted-syntax': ['error', ...handwriting],
    },
  },
  {
    files: ['lib/**/*.ts'],
    rules: {
      // `=== undefined`, not `!`, for a value that may be missing.
      '@typescript-eslint/strict-boolean-expressions': [
        'error',
        { allowNullableObject: false, allowNullableString: true, allowNullableBoolean: true },
      ],
    },
  },
  {
    // The state of the broker keeps its own rules: nobody else can write its fields (see CONTRIBUTING.md).
    files: ['lib/broker/streaming/state/**/*.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        ...handwriting,
        {
          selector: "PropertyDefinition[readonly!=true][accessibility!='private']",
          message: 'Fields of the state are private or readonly: offer a verb instead.',
        },
        {
          selector:
            "PropertyDefinition[accessibility!='private']:matches([value.type='ArrayExpression'], [value.callee.name=/^(Map|Set)$/])",
          message: 'Collections of the state are private: offer a verb, or a readonly view.',
        },
        { selector: "MethodDefinition[kind='set']", message: 'Offer a verb instead of a setter.' },
        {
          selector: "TSParameterProperty[readonly!=true][accessibility!='private']",
          message: 'Fields of the state are private or readonly: offer a verb instead.',
        },
      ],
    },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/unbound-method': 'off',
      'no-restricted-imports': [
        'error',
        {
          paths: [
            {
              name: 'node:timers/promises',
              message: 'Wait for a fact: eventually(), a latch, or the fake clock (quietFor in test/support).',
            },
          ],
        },
      ],
      'no-restricted-syntax': [
        'error',
        ...handwriting,
        {
          selector:
            "NewExpression[callee.name='Promise'] CallExpression[callee.name='setTimeout'][arguments.0.name=/^(resolve|r|done)$/]",
          message:
            'Bare sleeps are not allowed: wait for a fact with eventually(), or use quietFor() from test/support.',
        },
      ],
    },
  },
  {
    files: ['test/support/wait.ts'],
    rules: { 'no-restricted-syntax': ['error', ...handwriting], 'no-restricted-imports': 'off' },
  },
  {
    files: ['sample-app/**/*.ts', 'bench/**/*.ts', 'examples/**/*.ts', 'lib/cli/**/*.ts', 'scripts/**/*'],
    rules: { 'no-console': 'off' },
  },
  {
    files: ['**/*.{js,mjs,cjs}'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        Buffer: 'readonly',
        URL: 'readonly',
        module: 'writable',
        require: 'readonly',
        setTimeout: 'readonly',
        clearTimeout: 'readonly',
        setInterval: 'readonly',
        clearInterval: 'readonly',
        performance: 'readonly',
        fetch: 'readonly',
      },
    },
  },
);
