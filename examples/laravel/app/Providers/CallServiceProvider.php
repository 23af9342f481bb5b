<?php
// SPDX-License-Identifier: MIT

namespace App\Providers;

use App\Calls\CallServer;
use App\Calls\CallToken;
use App\Calls\WebhookSignature;
use App\Push\FcmClient;
use App\Push\HttpFcmClient;
use App\Push\ServiceAccount;
use Illuminate\Support\ServiceProvider;
use PDO;

class CallServiceProvider extends ServiceProvider
{
    public function register(): void
    {
        $this->app->bind(CallServer::class, fn () => new CallServer(...config('call.admin')));
        $this->app->bind(CallToken::class, fn () => new CallToken(...config('call.token')));
        $this->app->bind(WebhookSignature::class, fn () => new WebhookSignature(...config('call.webhook')));
        $this->app->bind(FcmClient::class, fn () => new HttpFcmClient(ServiceAccount::fromFile(config('call.fcm.credentials'))));
    }

    public function boot(): void
    {
        // The plugin alone writes there.
        config(['database.connections.call_records' => [
            'driver' => 'sqlite',
            'database' => config('call.records'),
            'prefix' => '',
            'options' => [PDO::SQLITE_ATTR_OPEN_FLAGS => PDO::SQLITE_OPEN_READONLY],
        ]]);
    }
}
