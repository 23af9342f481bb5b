<?php
// SPDX-License-Identifier: MIT

namespace App\Push;

use Illuminate\Support\Facades\Cache;
use Illuminate\Support\Facades\Http;
use RuntimeException;

/** A service account of Google's, and the access token that its key buys. */
class ServiceAccount
{
    private const CACHE_KEY = 'fcm.access_token';

    private const SCOPE = 'https://www.googleapis.com/auth/firebase.messaging';

    public function __construct(
        public readonly string $project,
        private string $email,
        #[\SensitiveParameter] private string $key,
        private string $tokenUrl,
    ) {
    }

    public static function fromFile(?string $path): self
    {
        $file = is_file((string) $path) ? json_decode(file_get_contents($path), true) : null;
        if (! is_array($file)) {
            throw new RuntimeException('FCM_CREDENTIALS is not the file of a service account');
        }

        return new self($file['project_id'], $file['client_email'], $file['private_key'], $file['token_uri']);
    }

    public function accessToken(): string
    {
        $token = Cache::get(self::CACHE_KEY);
        if ($token === null) {
            $answer = Http::asForm()->timeout(3)->post($this->tokenUrl, [
                'grant_type' => 'urn:ietf:params:oauth:grant-type:jwt-bearer',
                'assertion' => $this->assertion(),
            ])->throw();
            $token = $answer->json('access_token');
            // A minute less, so that it does not end under way.
            Cache::put(self::CACHE_KEY, $token, max(1, $answer->json('expires_in') - 60));
        }

        return $token;
    }

    public function forgetAccessToken(): void
    {
        Cache::forget(self::CACHE_KEY);
    }

    private function assertion(): string
    {
        $now = now()->getTimestamp();
        $signed = $this->encode(['alg' => 'RS256', 'typ' => 'JWT']).'.'.$this->encode([
            'iss' => $this->email, 'scope' => self::SCOPE, 'aud' => $this->tokenUrl, 'iat' => $now, 'exp' => $now + 3600,
        ]);
        if (! openssl_sign($signed, $signature, $this->key, OPENSSL_ALGO_SHA256)) {
            throw new RuntimeException('FCM_CREDENTIALS: the private key cannot sign');
        }

        return $signed.'.'.$this->base64url($signature);
    }

    private function encode(array $part): string
    {
        return $this->base64url(json_encode($part, JSON_THROW_ON_ERROR | JSON_UNESCAPED_SLASHES));
    }

    private function base64url(string $bytes): string
    {
        return rtrim(strtr(base64_encode($bytes), '+/', '-_'), '=');
    }
}
