<?php
// SPDX-License-Identifier: MIT

namespace App\Calls;

use Illuminate\Support\Str;
use RuntimeException;

/** The token that a device registers with: HS256, with the claims of tymon/jwt-auth and the two that the plugin may use. */
class CallToken
{
    private const LEAST_BYTES = 32;

    public function __construct(
        #[\SensitiveParameter] private ?string $secret,
        public readonly int $seconds,
        private ?string $issuer = null,
        private ?string $audience = null,
    ) {
        if (strlen((string) $secret) < self::LEAST_BYTES) {
            throw new RuntimeException('CALL_TOKEN_SECRET must have at least 32 bytes');
        }
    }

    public function mint(string $userId, ?string $deviceId = null, ?string $name = null): string
    {
        $now = now()->getTimestamp();
        $claims = array_filter([
            'iss' => $this->issuer,
            'aud' => $this->audience,
            'iat' => $now,
            'nbf' => $now,
            'exp' => $now + $this->seconds,
            'jti' => Str::random(16),
            'sub' => $userId,
            'device' => $deviceId,
            'name' => $name,
        ], fn ($claim) => $claim !== null);
        $signed = $this->encode(['typ' => 'JWT', 'alg' => 'HS256']).'.'.$this->encode($claims);

        return $signed.'.'.$this->base64url(hash_hmac('sha256', $signed, $this->secret, true));
    }

    private function encode(array $part): string
    {
        return $this->base64url(json_encode($part, JSON_THROW_ON_ERROR | JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE));
    }

    private function base64url(string $bytes): string
    {
        return rtrim(strtr(base64_encode($bytes), '+/', '-_'), '=');
    }
}
