// SPDX-License-Identifier: Apache-2.0

/// The script that a shell loads to complete a tool's command lines. It runs the tool itself to get the
/// candidates.
///
/// The tool is run as `TOOL ---complete SHELL LINE`, LINE being the command line up to the cursor, and prints one
/// candidate a line, followed by a tab and its summary. Lines that begin with a colon are directives: `:files`,
/// `:directories`, `:command`, `:partial` (no blank after the word).
enum CompletionScript {
  static let request = "---complete"

  static func text(for shell: Shell, tool: String) -> String {
    switch shell {
    case .bash: bash(tool)
    case .zsh: zsh(tool)
    case .fish: fish(tool)
    }
  }

  enum Shell: String, CaseIterable { case bash, zsh, fish }

  private static func bash(_ tool: String) -> String {
    #"""
    # bash completion for \#(tool)
    _\#(tool)() {
      local reply entry word typed
      COMPREPLY=()
      mapfile -t reply < <(command \#(tool) ---complete bash "${COMP_LINE:0:COMP_POINT}" 2>/dev/null)
      # bash replaces only what follows the last = or : of the word.
      typed=${COMP_LINE:0:COMP_POINT}
      typed=${typed##*[[:space:]]}
      typed=${typed%"${typed##*[=:]}"}
      for entry in "${reply[@]}"; do
        word=${entry%%$'\t'*}
        case $word in
          :partial) compopt -o nospace ;;
          :files | :directories) compopt -o bashdefault -o default ;;
          :command) _\#(tool)_command ;;
          *) COMPREPLY+=("${word#"$typed"}") ;;
        esac
      done
    }
    _\#(tool)_command() {
      local word=${COMP_WORDS[COMP_CWORD]}
      if [ "${COMP_WORDS[COMP_CWORD - 1]}" = -- ]; then
        mapfile -t COMPREPLY < <(compgen -c -- "$word")
      else
        compopt -o bashdefault -o default
      fi
    }
    complete -F _\#(tool) \#(tool)

    """#
  }

  private static func zsh(_ tool: String) -> String {
    #"""
    #compdef \#(tool)
    _\#(tool)() {
      local entry word summary
      local -a reply candidates files
      reply=("${(@f)$(command \#(tool) ---complete zsh "${(j: :)words[1,CURRENT-1]} $PREFIX" 2>/dev/null)}")
      local -a suffix
      for entry in $reply; do
        word=${entry%%$'\t'*} summary=
        [[ $entry == *$'\t'* ]] && summary=${entry#*$'\t'}
        case $word in
          :partial) suffix=(-S '') ;;
          :files) [[ $PREFIX == --*=* ]] && compset -P '*='; _files; return ;;
          :directories) [[ $PREFIX == --*=* ]] && compset -P '*='; _files -/; return ;;
          :command)
            local separator=${words[(i)--]}
            shift separator words
            (( CURRENT -= separator ))
            _normal
            return ;;
          *) candidates+=("${word//:/\\:}${summary:+:$summary}") ;;
        esac
      done
      (( $#candidates )) && _describe -V -t values \#(tool) candidates $suffix
    }
    if [ "$funcstack[1]" = _\#(tool) ]; then
      _\#(tool) "$@"
    else
      compdef _\#(tool) \#(tool)
    fi

    """#
  }

  private static func fish(_ tool: String) -> String {
    #"""
    # fish completion for \#(tool)
    function __\#(tool)_complete
      set -l token (commandline -ct)
      set -l head (string match -r '^--[^=]*=' -- $token)
      for entry in (command \#(tool) ---complete fish (commandline -cp) 2>/dev/null)
        switch $entry
          case :partial
          case :files
            string replace -r '^' -- "$head" (__fish_complete_path (string replace -- "$head" '' $token))
          case :directories
            string replace -r '^' -- "$head" (__fish_complete_directories (string replace -- "$head" '' $token))
          case :command
            __fish_complete_subcommand --commandline (string replace -r '^.*? -- ' '' -- (commandline -cp))
          case '*'
            printf '%s\n' $entry
        end
      end
    end
    complete -c \#(tool) -f -a '(__\#(tool)_complete)'

    """#
  }
}
