<?php
// SPDX-License-Identifier: MIT

// Makes the tables in EXAMPLE_DATABASE, as `php artisan migrate` does.

use Illuminate\Contracts\Console\Kernel;

touch(getenv('EXAMPLE_DATABASE'));
$app = require __DIR__.'/app.php';
exit($app->make(Kernel::class)->call('migrate', ['--force' => true]));
