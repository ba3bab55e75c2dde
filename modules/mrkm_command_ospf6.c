// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ospf6d_mrkm.so: the command by which an interface is protected.
 */
#include <zebra.h>

#include "command.h"

#include "modules/mrkm_module.h"
#include "modules/mrkm_command_ospf6_clippy.c"

/* clang-format off */
DEFPY (ipv6_ospf6_ipsec,
       ipv6_ospf6_ipsec_cmd,
       "[no] ipv6 ospf6 ipsec key-chain ![KEYCHAIN_NAME]",
       NO_STR
       IP6_STR
       OSPF6_STR
       "Protect what this interface sends and receives by IPsec\n"
       "Keys from a key chain\n"
       "Name of the key chain\n")
/* clang-format on */
{
	return mrkm_protect_command(vty, no ? NULL : keychain_name);
}

int mrkm_command_init(const char *daemon)
{
	int err = mrkm_protect_begin(daemon, "ipv6 ospf6 ipsec key-chain");

	if (!err)
		install_element(INTERFACE_NODE, &ipv6_ospf6_ipsec_cmd);
	return err;
}
