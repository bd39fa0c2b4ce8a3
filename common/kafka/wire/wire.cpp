// SPDX-License-Identifier: Apache-2.0
// The layer's headers, compiled once on their own.
#include "kafka/wire/reader.hpp"
#include "kafka/wire/writer.hpp"
