# SPDX-License-Identifier: Apache-2.0
# Completion of kseg for fish.

complete -c kseg -n __fish_use_subcommand -f -a decode -d 'Print records, batches, index files and checkpoints'

# Global options.
complete -c kseg -l version -d 'Print name and version'
complete -c kseg -s h -l help -d 'Print a summary of the options'
complete -c kseg -s q -l quiet -d 'No warnings'
complete -c kseg -s v -l verbose -d 'Say more about what is done'
complete -c kseg -l color -x -a 'auto always never' -d 'When to colour text'
complete -c kseg -l progress -d 'Show progress'
complete -c kseg -l no-progress -d 'Show no progress'

# decode
complete -c kseg -n '__fish_seen_subcommand_from decode' -s o -l output -r -F -d 'Write to a file'
complete -c kseg -n '__fish_seen_subcommand_from decode' -l overwrite -d 'Let the output replace a file'
complete -c kseg -n '__fish_seen_subcommand_from decode' -s f -l format -x -a 'text jsonl raw' -d 'How to print'
complete -c kseg -n '__fish_seen_subcommand_from decode' -l json -d 'The same as --format jsonl'
complete -c kseg -n '__fish_seen_subcommand_from decode' -l bytes -x -a 'auto utf8 base64 hex' -d 'How to print bytes'
complete -c kseg -n '__fish_seen_subcommand_from decode' -l batches -d 'Print batches'
complete -c kseg -n '__fish_seen_subcommand_from decode' -l summary -d 'Print totals'
complete -c kseg -n '__fish_seen_subcommand_from decode' -l hexdump -d 'Print each field beside its bytes'
complete -c kseg -n '__fish_seen_subcommand_from decode' -l offsets -x -d 'Only offsets A..B, B exclusive'
complete -c kseg -n '__fish_seen_subcommand_from decode' -l since -x -d 'Only from this time on'
complete -c kseg -n '__fish_seen_subcommand_from decode' -l until -x -d 'Only before this time'
complete -c kseg -n '__fish_seen_subcommand_from decode' -l limit -x -d 'Stop after so many'
complete -c kseg -n '__fish_seen_subcommand_from decode' -l key -x -d 'Only records whose key matches'
complete -c kseg -n '__fish_seen_subcommand_from decode' -l follow -d 'Wait for more at the end'
complete -c kseg -n '__fish_seen_subcommand_from decode' -l shallow -d 'Do not decode bodies'
complete -c kseg -n '__fish_seen_subcommand_from decode' -l damaged -d 'Also records of batches whose CRC is wrong'
complete -c kseg -n '__fish_seen_subcommand_from decode' -l max-batch-bytes -x -d 'Limit of a decompressed batch'
complete -c kseg -n '__fish_seen_subcommand_from decode' -l input -x -a 'auto raw hex base64' -d 'What the files hold'
complete -c kseg -n '__fish_seen_subcommand_from decode' -s j -l jobs -x -d 'Threads'
