<?php
// SPDX-License-Identifier: MIT

// The example as a backend, for `php -S 127.0.0.1:PORT tests/server.php`. Phones are pushed into a file.

use App\Push\FcmClient;
use Illuminate\Contracts\Http\Kernel;
use Illuminate\Http\Request;
use Tests\FakeFcmClient;

$app = require __DIR__.'/app.php';
$kernel = $app->make(Kernel::class);
$kernel->bootstrap();
$app->bind(FcmClient::class, fn () => new FakeFcmClient(getenv('EXAMPLE_FOLDER').'/pushes.jsonl'));
$request = Request::capture();
$response = $kernel->handle($request);
$response->send();
$kernel->terminate($request, $response);
