<?php
// SPDX-License-Identifier: MIT

return [
    App\Providers\CallServiceProvider::class,
];
