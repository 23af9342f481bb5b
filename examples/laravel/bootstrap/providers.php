<?php

return [
    App\Providers\CallServiceProvider::class,
];
