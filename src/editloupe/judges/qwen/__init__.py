"""Running a Qwen-VL checkpoint at full speed: prompts, shared prefixes, decoding, memory."""
