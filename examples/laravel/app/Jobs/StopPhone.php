<?php

namespace App\Jobs;

use App\Models\Call;
use App\Models\Push;
use App\Push\CallMessage;
use App\Push\FcmClient;

/** Tells a phone that was pushed to ring no more, once. One that was not is left asleep. */
class StopPhone extends PhoneJob
{
    public function handle(FcmClient $fcm): void
    {
        $push = Push::sent($this->record, $this->phone);
        if ($push === null || $push->stopped_at !== null) {
            return;
        }
        $status = Call::statusOf($this->record) ?? $this->record['status'];
        $fcm->send(CallMessage::stop($this->phone->token, ['status' => $status] + $this->record, $this->leftMs()));
        $push->update(['stopped_at' => now()]);
    }
}
