<?php
// Verifies a webhook of Countinghouse. PHP 8.0 or later; `v1a` needs the extension sodium, which comes with PHP.
//
// As a program: WEBHOOK_KEYS="whsec_… whpk_…" php verify.php ID TIMESTAMP SIGNATURES < body

declare(strict_types=1);

const TOLERANCE_SECONDS = 5 * 60;

// Returns if one of the keys made one of the signatures, else throws. $body is what came, not yet parsed; names of
// $headers are in small letters.
function verify(array $keys, array $headers, string $body, ?int $now = null): void
{
    $names = ['webhook-id', 'webhook-timestamp', 'webhook-signature'];
    [$id, $timestamp, $signatures] = array_map(fn ($name) => $headers[$name] ?? '', $names);
    if (!preg_match('/^[0-9]{1,12}$/D', $timestamp)) {
        throw new RuntimeException('There is no timestamp.');
    }
    if (abs(($now ?? time()) - (int) $timestamp) > TOLERANCE_SECONDS) {
        throw new RuntimeException('The timestamp is too far from now.');
    }
    foreach ($keys as $key) {
        foreach (explode(' ', $signatures) as $signature) {
            if (made_by($key, $signature, "$id.$timestamp.$body")) {
                return;
            }
        }
    }
    throw new RuntimeException('No signature is of a known key.');
}

function made_by(string $key, string $signature, string $signed): bool
{
    [$version, $text] = explode(',', "$signature,");
    [$kind, $encoded] = explode('_', "{$key}_");
    $given = base64_decode($text, true);
    $raw = base64_decode($encoded, true);
    if ($given === false || $raw === false) {
        return false;
    }
    if ($version === 'v1' && $kind === 'whsec') {
        return hash_equals(hash_hmac('sha256', $signed, $raw, true), $given);
    }
    return $version === 'v1a' && $kind === 'whpk'
        && strlen($given) === SODIUM_CRYPTO_SIGN_BYTES
        && sodium_crypto_sign_verify_detached($given, $signed, $raw);
}

if (PHP_SAPI === 'cli' && realpath($argv[0]) === __FILE__) {
    [, $id, $timestamp, $signatures] = $argv;
    $headers = ['webhook-id' => $id, 'webhook-timestamp' => $timestamp, 'webhook-signature' => $signatures];
    try {
        verify(explode(' ', (string) getenv('WEBHOOK_KEYS')), $headers, (string) stream_get_contents(STDIN));
        echo "It is genuine.\n";
    } catch (RuntimeException $error) {
        fwrite(STDERR, $error->getMessage() . "\n");
        exit(1);
    }
}
