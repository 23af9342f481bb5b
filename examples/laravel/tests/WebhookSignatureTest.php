<?php
// SPDX-License-Identifier: MIT

namespace Tests;

use App\Calls\WebhookSignature;
use Illuminate\Support\Carbon;
use PHPUnit\Framework\TestCase as PlainTestCase;
use RuntimeException;

class WebhookSignatureTest extends PlainTestCase
{
    // The example of the Standard Webhooks libraries.
    private const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
    private const ID = 'msg_p5jXN8AQM9LWM0D4loKWxJek';
    private const TIME = '1614265330';
    private const BODY = '{"test": 2432232314}';
    private const SIGNATURE = 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=';
    private const OTHER = 'whsec_b3RoZXIgc2VjcmV0LCBvdGhlciBzZWNyZXQ=';

    protected function setUp(): void
    {
        Carbon::setTestNow(Carbon::createFromTimestamp((int) self::TIME));
    }

    protected function tearDown(): void
    {
        Carbon::setTestNow();
    }

    private function isGood(array $with = [], array $secrets = [self::SECRET]): bool
    {
        $it = $with + ['id' => self::ID, 'time' => self::TIME, 'signature' => self::SIGNATURE, 'body' => self::BODY];

        return (new WebhookSignature($secrets, 300))->isGood($it['id'], $it['time'], $it['signature'], $it['body']);
    }

    public function test_the_known_answer_is_good(): void
    {
        $this->assertTrue($this->isGood());
    }

    public function test_either_secret_and_either_signature_will_do(): void
    {
        $this->assertTrue($this->isGood([], [self::OTHER, self::SECRET]));
        $this->assertTrue($this->isGood([], [self::SECRET, self::OTHER]));
        $this->assertTrue($this->isGood(['signature' => 'v1,AAAA v2,x '.self::SIGNATURE]));
        $this->assertFalse($this->isGood([], [self::OTHER]));
    }

    public function test_each_changed_byte_is_found(): void
    {
        foreach (['id' => self::ID, 'time' => self::TIME, 'body' => self::BODY, 'signature' => self::SIGNATURE] as $part => $text) {
            for ($at = 0; $at < strlen($text); $at++) {
                $changed = $text;
                $changed[$at] = $text[$at] === '1' ? '2' : '1';
                $this->assertFalse($this->isGood([$part => $changed]), "$part: $changed");
            }
        }
    }

    public function test_what_is_missing_or_no_number_is_not_good(): void
    {
        foreach (['id', 'time', 'signature'] as $part) {
            $this->assertFalse($this->isGood([$part => null]), $part);
            $this->assertFalse($this->isGood([$part => '']), $part);
        }
        foreach (['-1614265330', '1614265330.0', ' 1614265330', '0x60380272', '1614265330 '] as $time) {
            $this->assertFalse($this->isGood(['time' => $time]), $time);
        }
    }

    /** @dataProvider ages */
    public function test_the_time_may_be_off_by_the_tolerance(int $seconds, bool $isGood): void
    {
        Carbon::setTestNow(Carbon::createFromTimestamp((int) self::TIME + $seconds));
        $this->assertSame($isGood, $this->isGood());
    }

    public static function ages(): array
    {
        return [[300, true], [-300, true], [301, false], [-301, false]];
    }

    /** @dataProvider unusableSecrets */
    public function test_without_a_usable_secret_nothing_is_checked_in_silence(array $secrets): void
    {
        $this->expectException(RuntimeException::class);
        $this->isGood([], $secrets);
    }

    public static function unusableSecrets(): array
    {
        return [[[]], [['whsec_']], [['whsec_???']], [[self::SECRET, 'whsec_']]];
    }
}
