// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Strangers have a socket of their own.
 *
 * Whoever floods a key server with first messages fills a queue of the kernel.
 * In a queue of its own he is in the way of other newcomers alone, not of the
 * members.  What he sends with an SPI that he made up is looked up, and that is
 * all.
 */
#include "gikev2/gikev2_datagram.h"
#include "mrkmd/mrkm_strangers.h"

#include <linux/filter.h>
#include <sys/socket.h>

int mrkm_strangers_apart(int fd, bool natt)
{
	unsigned int at = GIKEV2_SPI_R_OFFSET + (natt ? GIKEV2_MARKER_LEN : 0);
	/*
	 * Offsets are those of the UDP payload.  A load from behind its end
	 * ends the program with 0, the first socket.  The last number of a
	 * jump is how many statements are left out for any value but zero.
	 */
	struct sock_filter code[] = {
		/* no marker: no message of ours */
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 4),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, at),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, at + 4),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, MRKM_STRANGERS_FIRST),
		BPF_STMT(BPF_RET | BPF_K, MRKM_MEMBERS_NEXT),
	};
	unsigned int skip = natt ? 0 : 2;
	struct sock_fprog program = {
		.len = sizeof(code) / sizeof(code[0]) - skip,
		.filter = code + skip,
	};

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program,
			  sizeof(program));
}
