import js from '@eslint/js';
import jsxA11y from 'eslint-plugin-jsx-a11y';
import reactHooks from 'eslint-plugin-react-hooks';
import tseslint from 'typescript-eslint';

export default tseslint.config(
    { ignores: ['dist', 'package/dist', 'node_modules', 'src/api/schema.ts'] },
    js.configs.recommended,
    {
        files: ['src/**/*.{ts,tsx}', 'package/**/*.{ts,tsx}'],
        extends: [...tseslint.configs.strictTypeChecked],
        languageOptions: { parserOptions: { projectService: true } },
        rules: {
            '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
            // Handlers are written as short arrows: onClick={() => go('/live')}.
            '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
        },
    },
    { files: ['src/**/*.{ts,tsx}', 'package/**/*.{ts,tsx}'], ...jsxA11y.flatConfigs.recommended },
    { files: ['src/**/*.{ts,tsx}', 'package/**/*.{ts,tsx}'], ...reactHooks.configs.flat['recommended-latest'] },
    {
        files: ['scripts/**/*.mjs', 'public/*.js'],
        languageOptions: {
            globals: {
                process: 'readonly',
                console: 'readonly',
                document: 'readonly',
                localStorage: 'readonly',
                location: 'readonly',
                navigator: 'readonly',
                fetch: 'readonly',
                setTimeout: 'readonly',
                self: 'readonly',
                caches: 'readonly',
                Request: 'readonly',
                Response: 'readonly',
                URL: 'readonly',
                Buffer: 'readonly',
            },
        },
        rules: { 'no-unused-vars': ['error', { caughtErrorsIgnorePattern: '^_' }], 'no-var': 'off' },
    },
);
