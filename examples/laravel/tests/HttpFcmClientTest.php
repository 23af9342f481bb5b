<?php
// SPDX-License-Identifier: MIT

namespace Tests;

use App\Push\FcmClient;
use Illuminate\Http\Client\Request;
use Illuminate\Support\Facades\Http;
use RuntimeException;

class HttpFcmClientTest extends TestCase
{
    private const MESSAGE = ['token' => 'fcm-bob', 'data' => ['type' => 'call_incoming']];

    private string $file;

    private string $publicKey;

    protected function setUp(): void
    {
        parent::setUp();
        $pair = openssl_pkey_new(['private_key_bits' => 2048]);
        openssl_pkey_export($pair, $private);
        $this->publicKey = openssl_pkey_get_details($pair)['key'];
        $this->file = tempnam(sys_get_temp_dir(), 'fcm');
        file_put_contents($this->file, json_encode(['project_id' => 'my-app', 'client_email' => 'push@my-app.test',
            'private_key' => $private, 'token_uri' => 'https://oauth.test/token']));
        config(['call.fcm.credentials' => $this->file]);
    }

    protected function tearDown(): void
    {
        unlink($this->file);
        parent::tearDown();
    }

    private function google(int $status = 200, array $body = ['name' => 'projects/my-app/messages/1']): void
    {
        Http::fake([
            'oauth.test/token' => Http::response(['access_token' => 'ya29.x', 'expires_in' => 3599, 'token_type' => 'Bearer']),
            'fcm.googleapis.com/*' => Http::response($body, $status),
        ]);
    }

    private function send(): bool
    {
        return $this->app->make(FcmClient::class)->send(self::MESSAGE);
    }

    public function test_the_message_is_posted_with_the_accounts_token(): void
    {
        $this->google();
        $this->assertTrue($this->send());
        Http::assertSent(fn (Request $request) => $request->url() === 'https://fcm.googleapis.com/v1/projects/my-app/messages:send'
            && $request->hasHeader('Authorization', 'Bearer ya29.x') && $request->data() === ['message' => self::MESSAGE]);
    }

    public function test_the_account_signs_for_its_token_and_keeps_it(): void
    {
        $this->google();
        $this->send();
        $this->send();
        $asked = Http::recorded(fn (Request $request) => $request->url() === 'https://oauth.test/token');
        $this->assertCount(1, $asked);
        [$header, $claims, $signature] = explode('.', $asked[0][0]['assertion']);
        $decode = fn ($part) => base64_decode(strtr($part, '-_', '+/'));
        $this->assertSame(1, openssl_verify("$header.$claims", $decode($signature), $this->publicKey, OPENSSL_ALGO_SHA256));
        $claims = json_decode($decode($claims), true);
        $this->assertSame(['push@my-app.test', 'https://oauth.test/token', 3600],
            [$claims['iss'], $claims['aud'], $claims['exp'] - $claims['iat']]);
    }

    public function test_an_unknown_token_is_no_error(): void
    {
        $this->google(404, ['error' => ['status' => 'NOT_FOUND', 'details' => [['errorCode' => 'UNREGISTERED']]]]);
        $this->assertFalse($this->send());
    }

    public function test_trouble_is_one_and_a_refused_account_token_is_asked_for_anew(): void
    {
        $this->google(401, ['error' => ['status' => 'UNAUTHENTICATED']]);
        foreach ([1, 2] as $times) {
            try {
                $this->send();
                $this->fail('the queue must see it');
            } catch (RuntimeException $exception) {
                $this->assertSame('FCM: HTTP 401 UNAUTHENTICATED', $exception->getMessage());
            }
            $this->assertCount($times, Http::recorded(fn (Request $request) => $request->url() === 'https://oauth.test/token'));
        }
    }

    /** @dataProvider unusableFiles */
    public function test_without_the_accounts_file_it_says_what_is_missing(?string $file): void
    {
        config(['call.fcm.credentials' => $file]);
        $this->expectException(RuntimeException::class);
        $this->expectExceptionMessage('FCM_CREDENTIALS');
        $this->send();
    }

    public static function unusableFiles(): array
    {
        return [[null], [''], ['/nonexistent'], [__FILE__]];
    }
}
