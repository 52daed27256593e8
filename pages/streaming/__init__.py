"""The event stream and the other routes beside Streamlit's."""
