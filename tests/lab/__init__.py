# SPDX-License-Identifier: GPL-2.0-or-later
"""
Three routers and a key server: what the demo, the topotests and the
benchmarks have in common.

            mgmt 10.0.0.0/24, no routing protocol
    ---+--------------+--------------+--------------+---
       | .1           | .11          | .12          | .13
    +--+--+        +--+--+        +--+--+        +--+--+
    | ks  |        | r1  |        | r2  |        | r3  |   lo 10.255.0.N/32
    +-----+        +--+--+        +--+--+        +--+--+
    key server        | .1           | .2           | .3
                   ---+--------------+--------------+---
                        core 10.0.1.0/24, OSPF area 0

The members reach the key server without OSPF: keys protect the routing that
would carry the registration otherwise.
"""
