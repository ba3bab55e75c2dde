// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * pimd_mrkm.so: the command by which an interface is protected.
 */
#include <zebra.h>

#include "command.h"

#include "modules/mrkm_module.h"
#include "modules/mrkm_command_pim_clippy.c"

/* clang-format off */
DEFPY (ip_pim_ipsec,
       ip_pim_ipsec_cmd,
       "[no] ip pim ipsec key-chain ![KEYCHAIN_NAME]",
       NO_STR
       IP_STR
       "PIM information\n"
       "Protect what this interface sends and receives by IPsec\n"
       "Keys from a key chain\n"
       "Name of the key chain\n")
/* clang-format on */
{
	return mrkm_protect_command(vty, no ? NULL : keychain_name);
}

int mrkm_command_init(const char *daemon)
{
	int err = mrkm_protect_begin(daemon, "ip pim ipsec key-chain");

	if (!err)
		install_element(INTERFACE_NODE, &ip_pim_ipsec_cmd);
	return err;
}
