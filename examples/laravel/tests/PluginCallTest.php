<?php
// SPDX-License-Identifier: MIT

namespace Tests;

use App\Models\PluginCall;
use App\Providers\CallServiceProvider;
use Illuminate\Database\QueryException;
use Illuminate\Support\Facades\DB;
use SQLite3;

class PluginCallTest extends TestCase
{
    private string $file;

    /** A database with what this model reads of the plugin's; the end-to-end tests have a real one. */
    protected function setUp(): void
    {
        parent::setUp();
        $this->file = tempnam(sys_get_temp_dir(), 'records');
        $database = new SQLite3($this->file);
        $database->exec("
            CREATE TABLE calls (id INTEGER PRIMARY KEY, call_id, caller_id, callee_id, audio, video, data, status, ended_at);
            CREATE TABLE users (number INTEGER PRIMARY KEY, user_id);
            CREATE TABLE listings (user, peer, kind, at, call);
            INSERT INTO users VALUES (1, 'alice'), (2, 'bob');
            INSERT INTO calls VALUES
                (1, 'C1', 'alice', 'bob', 1, 0, '{\"n\":1}', 'ended', 20), (2, 'C2', 'alice', 'bob', 1, 1, NULL, 'timeout', 30),
                (3, 'C3', 'bob', 'alice', 1, 1, NULL, 'ringing', NULL);
            INSERT INTO listings VALUES (1, 0, 5, 10, 1), (1, 2, 5, 10, 1), (2, 0, 5, 10, 1), (2, 1, 5, 10, 1), (1, 0, 1, 20, 1), (2, 0, 1, 20, 1),
                (1, 0, 4, 15, 2), (1, 2, 4, 15, 2), (2, 0, 9, 15, 2), (2, 1, 9, 15, 2);
        ");
        $database->close();
        config(['call.records' => $this->file]);
        (new CallServiceProvider($this->app))->boot();
    }

    protected function tearDown(): void
    {
        DB::purge('call_records');
        unlink($this->file);
        parent::tearDown();
    }

    private function ids($calls): array
    {
        return $calls->pluck('call_id')->all();
    }

    public function test_a_users_calls_are_listed(): void
    {
        $this->assertSame(['C2', 'C1'], $this->ids(PluginCall::overFor('bob')->get()));
        $this->assertSame(['C2'], $this->ids(PluginCall::missedBy('bob')->get()));
        $this->assertSame([], $this->ids(PluginCall::missedBy('alice')->get()));
        $this->assertSame(['C3'], $this->ids(PluginCall::live()->get()));
    }

    public function test_columns_have_their_types(): void
    {
        $call = PluginCall::where(['call_id' => 'C1', 'caller_id' => 'alice'])->sole();
        $this->assertSame([true, false, ['n' => 1]], [$call->audio, $call->video, $call->data]);
    }

    public function test_nobody_writes_there(): void
    {
        $this->expectException(QueryException::class);
        $this->expectExceptionMessage('readonly');
        PluginCall::query()->update(['status' => 'ended']);
    }
}
