<?php
// SPDX-License-Identifier: MIT

// Prints what the example reads of the plugin's own database for a user: php records.php USER

use App\Models\PluginCall;
use Illuminate\Contracts\Console\Kernel;

$app = require __DIR__.'/app.php';
$app->make(Kernel::class)->bootstrap();
echo json_encode(['over' => PluginCall::overFor($argv[1])->get(), 'missed' => PluginCall::missedBy($argv[1])->get()]);
