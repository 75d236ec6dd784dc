// Before a vendor header:
//   #include "vendor.h"
//   extern "C" {
//   #include "cudnn.h"
//   }
//   #undef size_t
//   #include "double.h"
// Those headers have a size_t of their own, `unsigned long long` on every system, for the generator
// of the bindings; here it is called Size, and the definitions are written with it.
#pragma once
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

typedef unsigned long long Size;
#define size_t Size
